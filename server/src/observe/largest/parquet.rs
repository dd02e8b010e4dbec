//! Rows of a Parquet file, of which only the columns of a record's place are read.

use std::sync::Arc;

use bytes::Bytes;
use domain::sink::{Largest, OffsetColumns};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

/// More rows than this are in no file that a streaming job writes.
const ROWS_MAX: i64 = 20_000_000;

/// Counts the rows of a file in.
pub(super) fn see(
    bytes: Bytes,
    columns: &OffsetColumns,
    topic: Option<&str>,
    largest: &mut Largest,
) -> Result<(), String> {
    let cannot = |error: parquet::errors::ParquetError| {
        format!("It cannot be read as Parquet: {error}.")
    };
    let reader = SerializedFileReader::new(bytes).map_err(cannot)?;
    let file = reader.metadata().file_metadata();
    if file.num_rows() > ROWS_MAX {
        return Err(format!("It has more than {ROWS_MAX} rows."));
    }
    let wanted = projection(file.schema(), columns, topic.is_some())?;
    for row in reader.get_row_iter(Some(wanted)).map_err(cannot)? {
        let row = row.map_err(cannot)?;
        let Some((named, partition, offset)) = place(&row, columns) else {
            return Err(format!(
                "A row does not have a partition in {} and an offset in {}.",
                columns.partition, columns.offset
            ));
        };
        match named.as_deref().or(topic) {
            Some(topic) => largest.see(topic, partition, offset),
            None => return Err(format!("A row has no topic in {}.", columns.topic)),
        }
    }
    Ok(())
}

/// The schema with the wanted columns alone.
fn projection(
    schema: &Type,
    columns: &OffsetColumns,
    topic_is_known: bool,
) -> Result<Type, String> {
    let field = |name: &str| {
        let fields = schema.get_fields().iter();
        fields.clone().find(|f| f.name() == name).map(Arc::clone)
    };
    let missing = |name: &str| format!("It has no column {name}.");
    let mut wanted = Vec::new();
    match field(&columns.topic) {
        Some(field) => wanted.push(field),
        None if topic_is_known => {}
        None => return Err(missing(&columns.topic)),
    }
    for name in [&columns.partition, &columns.offset] {
        wanted.push(field(name).ok_or_else(|| missing(name))?);
    }
    Type::group_type_builder(schema.name())
        .with_fields(wanted)
        .build()
        .map_err(|error| format!("Its columns cannot be read apart: {error}."))
}

fn place(row: &Row, columns: &OffsetColumns) -> Option<(Option<String>, i32, i64)> {
    let (mut topic, mut partition, mut offset) = (None, None, None);
    for (name, field) in row.get_column_iter() {
        if *name == columns.topic {
            topic = match field {
                Field::Str(topic) => Some(topic.clone()),
                Field::Bytes(bytes) => String::from_utf8(bytes.data().to_vec()).ok(),
                _ => None,
            };
        }
        if *name == columns.partition {
            partition = whole(field).and_then(|number| i32::try_from(number).ok());
        }
        if *name == columns.offset {
            offset = whole(field);
        }
    }
    let partition = partition.filter(|number| *number >= 0)?;
    Some((topic, partition, offset.filter(|offset| *offset >= 0)?))
}

fn whole(field: &Field) -> Option<i64> {
    match field {
        Field::Int(number) => Some(i64::from(*number)),
        Field::Long(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    /// As Spark writes it, with a column that is of no interest.
    fn file(rows: &[(&str, i32, i64)], compression: Compression) -> Bytes {
        let schema = parse_message_type(
            "message spark_schema {
                optional binary value;
                optional binary topic (STRING);
                optional int32 partition;
                optional int64 offset;
            }",
        )
        .unwrap();
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .build();
        let mut bytes = Vec::new();
        let mut writer =
            SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))
                .unwrap();
        let levels = vec![1; rows.len()];
        let texts = |of: fn(&(&str, i32, i64)) -> ByteArray| -> Vec<ByteArray> {
            rows.iter().map(of).collect()
        };
        let mut group = writer.next_row_group().unwrap();
        for values in [
            texts(|_| ByteArray::from("a long value ".repeat(50).as_str())),
            texts(|(topic, _, _)| ByteArray::from(*topic)),
        ] {
            let mut column = group.next_column().unwrap().unwrap();
            let typed = column.typed::<ByteArrayType>();
            typed.write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        let partitions: Vec<i32> = rows.iter().map(|row| row.1).collect();
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<Int32Type>();
        typed.write_batch(&partitions, Some(&levels), None).unwrap();
        column.close().unwrap();
        let offsets: Vec<i64> = rows.iter().map(|row| row.2).collect();
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<Int64Type>();
        typed.write_batch(&offsets, Some(&levels), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        bytes.into()
    }

    fn seen(bytes: Bytes, columns: &OffsetColumns) -> Result<String, String> {
        let mut largest = Largest::default();
        see(bytes, columns, None, &mut largest)?;
        Ok(largest.next().to_spark_json())
    }

    #[test]
    fn the_largest_offsets_of_a_file_are_found_however_it_is_compressed() {
        let rows = [("a", 0, 7), ("a", 0, 3), ("a", 1, 0), ("b", 0, 9)];
        for compression in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::LZ4_RAW,
            Compression::GZIP(Default::default()),
        ] {
            let found = seen(file(&rows, compression), &OffsetColumns::default());
            let expected = r#"{"a":{"0":8,"1":1},"b":{"0":10}}"#;
            assert_eq!(found.as_deref(), Ok(expected), "{compression}");
        }
    }

    #[test]
    fn a_file_without_the_columns_or_that_is_none_is_said_to_be() {
        let other = OffsetColumns {
            offset: "kafka_offset".to_owned(),
            ..OffsetColumns::default()
        };
        let why = seen(file(&[("a", 0, 7)], Compression::SNAPPY), &other).unwrap_err();
        assert_eq!(why, "It has no column kafka_offset.");
        let cut = file(&[("a", 0, 7)], Compression::SNAPPY);
        for bytes in [Bytes::new(), cut.slice(..cut.len() - 9), cut.slice(20..)] {
            let why = seen(bytes, &OffsetColumns::default()).unwrap_err();
            assert!(why.contains("as Parquet"), "{why}");
        }
    }
}
