//! What only a browser can do: the clipboard, and drawing on a canvas.

use super::chart::{ChartData, Drawing, INKS, Ink};
use charming::Chart;
use charming::component::{Axis, Grid, Legend};
use charming::datatype::{CompositeValue, DataPoint};
use charming::element::{
    AxisLabel, AxisLine, AxisLineStyle, AxisPointer, AxisPointerType, AxisTick, AxisType,
    Color, ItemStyle, Label, LabelPosition, LineStyle, LineStyleType, MarkLine,
    MarkLineData, MarkLineVariant, SplitLine, Symbol, TextStyle, Tooltip, Trigger,
};
use charming::series::Line;
use charming::{ChartResize, Echarts, WasmRenderer};
use jiff::Timestamp;
use leptos::prelude::{document, window};
use leptos::task::spawn_local;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

const SCRIPT: &str = "/pkg/echarts.js";
const SCRIPT_ID: &str = "echarts-script";

pub(super) fn can_copy() -> bool {
    // Only secure contexts have a clipboard.
    !window().navigator().clipboard().is_undefined()
}

pub(super) fn copy(text: String, done: impl Fn(bool) + 'static) {
    let writing = window().navigator().clipboard().write_text(&text);
    spawn_local(async move { done(JsFuture::from(writing).await.is_ok()) });
}

/// A point in time as this browser's clock shows it, with its zone:
/// `2025-01-15 01:00:00 +01:00 Europe/Berlin`.
pub(super) fn local_time(at_ms: i64) -> Option<String> {
    let at = js_sys::Date::new(&JsValue::from_f64(at_ms as f64));
    // Minutes from the local time to UTC, so that it is negative east of it.
    let west_min = at.get_timezone_offset() as i64;
    let shown = Timestamp::from_millisecond(at_ms - west_min * 60_000).ok()?;
    let sign = if west_min > 0 { '-' } else { '+' };
    let (hours, minutes) = (west_min.abs() / 60, west_min.abs() % 60);
    Some(format!(
        "{} {sign}{hours:02}:{minutes:02}{}",
        shown.strftime("%Y-%m-%d %H:%M:%S"),
        zone().map_or_else(String::new, |zone| format!(" {zone}"))
    ))
}

fn zone() -> Option<String> {
    let format = js_sys::Intl::DateTimeFormat::default();
    let zone = js_sys::Reflect::get(&format.resolved_options(), &"timeZone".into());
    zone.ok()?.as_string()
}

#[wasm_bindgen]
extern "C" {
    /// What charming's type for a drawn chart leaves out.
    type Drawn;
    #[wasm_bindgen(method)]
    fn dispose(this: &Drawn);
    #[wasm_bindgen(method, setter)]
    fn set_group(this: &Drawn, group: &str);
    #[wasm_bindgen(js_namespace = echarts)]
    fn connect(group: &str);
}

/// The chart that is drawn, for as long as its element is there.
#[derive(Clone)]
pub(super) struct Canvas(Rc<Inner>);

struct Inner {
    id: String,
    drawn: RefCell<Option<(Echarts, Chart)>>,
    last: RefCell<Option<(ChartData, Option<String>)>>,
    listeners: RefCell<Vec<Listener>>,
}

/// What is heard, and by what, until the chart is closed.
struct Listener {
    target: web_sys::EventTarget,
    event: &'static str,
    act: Closure<dyn FnMut()>,
}

impl Canvas {
    /// Loads the drawing code, once for all charts, and says when it is there.
    /// Where it cannot be loaded nothing is drawn; the table holds the numbers.
    pub(super) fn open(id: &str, ready: impl Fn(Self) + 'static) {
        let id = id.to_owned();
        let open = move || {
            let canvas = Self(Rc::new(Inner {
                id: id.clone(),
                drawn: RefCell::default(),
                last: RefCell::default(),
                listeners: RefCell::default(),
            }));
            canvas.listen();
            ready(canvas);
        };
        if js_sys::Reflect::has(&js_sys::global(), &"echarts".into()).unwrap_or(false) {
            open();
            return;
        }
        let script = document().get_element_by_id(SCRIPT_ID).or_else(|| {
            let script = document().create_element("script").ok()?;
            script.set_id(SCRIPT_ID);
            script.set_attribute("src", SCRIPT).ok()?;
            document().head()?.append_child(&script).ok()?;
            Some(script)
        });
        if let Some(script) = script {
            let loaded = Closure::once_into_js(open);
            // A listener that cannot be added leaves the chart undrawn.
            let _undrawn =
                script.add_event_listener_with_callback("load", loaded.unchecked_ref());
        }
    }

    pub(super) fn draw(&self, drawing: &Drawing<'_>) {
        let inner = &self.0;
        *inner.last.borrow_mut() =
            Some((drawing.data.clone(), drawing.group.map(str::to_owned)));
        let Some(palette) = Palette::read(&inner.id) else {
            return;
        };
        let chart = chart(drawing.data, &palette);
        let mut drawn = inner.drawn.borrow_mut();
        match drawn.as_mut() {
            Some((_, shown)) if *shown == chart => {}
            Some((handle, shown)) => {
                WasmRenderer::update(handle, &chart);
                *shown = chart;
            }
            None => {
                let renderer = WasmRenderer::new_opt(None, None);
                let Ok(handle) = renderer.render(&inner.id, &chart) else {
                    return;
                };
                if let Some(group) = drawing.group {
                    handle.unchecked_ref::<Drawn>().set_group(group);
                    connect(group);
                }
                *drawn = Some((handle, chart));
            }
        }
    }

    pub(super) fn close(&self) {
        for Listener { target, event, act } in self.0.listeners.borrow_mut().drain(..) {
            let function = act.as_ref().unchecked_ref();
            let _gone = target.remove_event_listener_with_callback(event, function);
        }
        if let Some((handle, _)) = self.0.drawn.borrow_mut().take() {
            handle.unchecked_ref::<Drawn>().dispose();
        }
    }

    /// Follows the window's width and the theme.
    fn listen(&self) {
        let weak = Rc::downgrade(&self.0);
        let resize = move || {
            if let Some(inner) = weak.upgrade() {
                inner.resize();
            }
        };
        self.hear(window().into(), "resize", resize);
        let weak = Rc::downgrade(&self.0);
        let theme = move || {
            let Some(inner) = weak.upgrade() else { return };
            let last = inner.last.borrow().clone();
            if let Some((data, group)) = last {
                let drawing = Drawing {
                    data: &data,
                    group: group.as_deref(),
                };
                Canvas(inner).draw(&drawing);
            }
        };
        let dark = window().match_media("(prefers-color-scheme: dark)");
        if let Ok(Some(dark)) = dark {
            self.hear(dark.into(), "change", theme);
        }
    }

    fn hear(
        &self,
        target: web_sys::EventTarget,
        event: &'static str,
        act: impl FnMut() + 'static,
    ) {
        let act = Closure::<dyn FnMut()>::new(act);
        let function = act.as_ref().unchecked_ref();
        if target
            .add_event_listener_with_callback(event, function)
            .is_ok()
        {
            self.0
                .listeners
                .borrow_mut()
                .push(Listener { target, event, act });
        }
    }
}

impl Inner {
    fn resize(&self) {
        let Some(element) = document().get_element_by_id(&self.id) else {
            return;
        };
        let size = |pixels: i32| u32::try_from(pixels).unwrap_or(0);
        if let Some((handle, _)) = &*self.drawn.borrow() {
            let (width, height) = (element.client_width(), element.client_height());
            WasmRenderer::resize_chart(
                handle,
                ChartResize::new(size(width), size(height), true, None),
            );
        }
    }
}

/// The colours of the theme that is on, as a canvas takes them.
struct Palette(Vec<(Ink, String)>);

impl Palette {
    /// From the spans that stand behind the chart's element.
    fn read(id: &str) -> Option<Self> {
        let figure = document().get_element_by_id(id)?.parent_element()?;
        let mut colours = Vec::new();
        for (ink, class) in INKS {
            let span = figure.query_selector(&format!(".{class}")).ok()??;
            let style = window().get_computed_style(&span).ok()??;
            colours.push((ink, as_rgb(&style.get_property_value("color").ok()?)?));
        }
        Some(Self(colours))
    }

    fn get(&self, ink: Ink) -> String {
        let found = self.0.iter().find(|(this, _)| *this == ink);
        found.map(|(_, colour)| colour.clone()).unwrap_or_default()
    }
}

/// ECharts reads no OKLCH, so one pixel is painted and read back.
fn as_rgb(colour: &str) -> Option<String> {
    let canvas: web_sys::HtmlCanvasElement =
        document().create_element("canvas").ok()?.dyn_into().ok()?;
    let context: web_sys::CanvasRenderingContext2d =
        canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.set_fill_style_str(colour);
    context.fill_rect(0.0, 0.0, 1.0, 1.0);
    let pixel = context.get_image_data(0.0, 0.0, 1.0, 1.0).ok()?.data();
    let [red, green, blue, ..] = pixel[..] else {
        return None;
    };
    Some(format!("rgb({red},{green},{blue})"))
}

fn chart(data: &ChartData, palette: &Palette) -> Chart {
    let ink = |ink| Color::Value(palette.get(ink));
    let label = || AxisLabel::new().color(ink(Ink::Soft)).font_size(11.0);
    let many = data.series.len() > 1;
    let mut time = Axis::new()
        .type_(AxisType::Time)
        .axis_label(label())
        .axis_tick(AxisTick::new().show(false))
        .split_line(SplitLine::new().show(false))
        .axis_line(AxisLine::new().line_style(
            AxisLineStyle::new().color((1.0, palette.get(Ink::Line).as_str())),
        ));
    if let Some((from_ms, until_ms)) = data.span_ms {
        time = time.min(from_ms as f64).max(until_ms as f64);
    }
    let value = Axis::new()
        .type_(AxisType::Value)
        .min(0.0)
        .split_number(3.0)
        .axis_label(label())
        .split_line(SplitLine::new().line_style(LineStyle::new().color(ink(Ink::Line))));
    let pointer = AxisPointer::new()
        .type_(AxisPointerType::Line)
        .line_style(LineStyle::new().color(ink(Ink::Soft)));
    let mut chart = Chart::new()
        .animation(false)
        .grid(
            Grid::new()
                .left(4.0)
                .right(12.0)
                .top(if many { 44.0 } else { 20.0 })
                .bottom(4.0)
                .contain_label(true),
        )
        .x_axis(time)
        .y_axis(value)
        .tooltip(
            Tooltip::new()
                .trigger(Trigger::Axis)
                .axis_pointer(pointer)
                .background_color(ink(Ink::Surface))
                .border_color(ink(Ink::Line)),
        );
    if many {
        let text = TextStyle::new().color(ink(Ink::Text)).font_size(11.0);
        chart = chart.legend(
            Legend::new()
                .top(0.0)
                .left(0.0)
                .item_width(12.0)
                .item_height(8.0)
                .text_style(text),
        );
    }
    for (index, series) in data.series.iter().enumerate() {
        let colour = ink(Ink::Series((index % 4) as u8));
        let points = series.points.iter().map(|point| {
            // What is not a number is a gap.
            let value = point.value.unwrap_or(f64::NAN);
            DataPoint::from(CompositeValue::from(vec![point.at_ms as f64, value]))
        });
        let mut line = Line::new()
            .name(series.name.as_str())
            // A line through one point is none.
            .show_symbol(series.has_lone_point())
            .symbol(Symbol::Circle)
            .symbol_size(3.0)
            .connect_nulls(false)
            .line_style(LineStyle::new().color(colour.clone()).width(1.5))
            .item_style(ItemStyle::new().color(colour))
            .data(points.collect());
        // Marks and limits belong to the chart; ECharts hangs them on a line.
        if index == 0 && !(data.marks.is_empty() && data.limits.is_empty()) {
            line = line.mark_line(lines_across(data, palette));
        }
        chart = chart.series(line);
    }
    chart
}

fn lines_across(data: &ChartData, palette: &Palette) -> MarkLine {
    // A mark's name stands above its line, where ECharts puts it; a limit's
    // would lie outside the chart there.
    let label = |ink| {
        let colour = Color::Value(palette.get(ink));
        Label::new()
            .show(true)
            .formatter("{b}")
            .font_size(11.0)
            .color(colour)
            .background_color(Color::Value(palette.get(Ink::Surface)))
            .padding((1.0, 4.0, 1.0, 4.0))
    };
    let marks = data.marks.iter().map(|mark| {
        MarkLineData::new()
            .name(mark.name.as_str())
            .x_axis(mark.at_ms as f64)
            .label(label(Ink::Soft))
    });
    let limits = data.limits.iter().map(|limit| {
        MarkLineData::new()
            .name(limit.name.as_str())
            .y_axis(limit.value)
            .label(label(Ink::Limit).position(LabelPosition::InsideEndTop))
    });
    MarkLine::new()
        .silent(true)
        .symbol(vec![Symbol::None, Symbol::None])
        .line_style(
            LineStyle::new()
                .color(Color::Value(palette.get(Ink::Soft)))
                .type_(LineStyleType::Dashed)
                .width(1.0),
        )
        .data(marks.chain(limits).map(MarkLineVariant::Simple).collect())
}
