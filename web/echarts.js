// The part of ECharts that the charts use, as the global that the WASM calls.
// A component that is missing here is ignored by ECharts without a word.
import * as echarts from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import {
  AxisPointerComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
} from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([
  AxisPointerComponent,
  BarChart,
  CanvasRenderer,
  GridComponent,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  TooltipComponent,
]);

globalThis.echarts = echarts;

// Held for every chart, since charming's types have no room for it.
echarts.registerPreprocessor((option) => {
  option.useUTC = true;
  for (const axis of [option.xAxis, option.yAxis].flat()) {
    if (axis?.axisLabel) axis.axisLabel.hideOverlap = true;
  }
  option.textStyle = { fontFamily: getComputedStyle(document.body).fontFamily };
  for (const tooltip of [option.tooltip].flat()) {
    if (!tooltip) continue;
    // Names come from logs and from people: they are text, never HTML. An HTML
    // tooltip would also need styles that the page's policy refuses.
    tooltip.renderMode = "richText";
    const axis = [option.xAxis].flat()[0];
    tooltip.textStyle = { color: axis?.axisLabel?.color, fontSize: 12 };
  }
});
