// The sink as it lies on the sandbox's disk: plain files, one for each batch,
// whose lines say which offsets of which partition they hold.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Offsets `from` up to but not including `until`, of one partition. */
type Range = { topic: string; partition: number; from: number; until: number };

/** The bronze objects of a stream that are there now, by their path. */
export function bronzeObjects(stream: string): Set<string> {
  const root = process.env.SLUICE_DATA;
  if (!root) throw new Error("SLUICE_DATA names no folder of a sandbox");
  const folder = join(root, "s3", "bucket", "bronze", "kafka", stream);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Set(files);
}

/**
 * Where each partition begins in the objects that were written since, by
 * `topic-partition`. Throws where an offset after that is missing or there twice.
 */
export function bronzeBeginnings(stream: string, before: Set<string>): Map<string, number> {
  const ranges = [...bronzeObjects(stream)]
    .filter((path) => !before.has(path))
    .flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n"))
    .map((line) => JSON.parse(line) as Range)
    .sort((one, other) => one.from - other.from);
  const begins = new Map<string, number>();
  const next = new Map<string, number>();
  for (const { topic, partition, from, until } of ranges) {
    const place = `${topic}-${partition}`;
    const expected = next.get(place);
    if (expected === undefined) begins.set(place, from);
    else if (expected !== from) throw new Error(`${place} goes on at ${from}, not ${expected}`);
    next.set(place, until);
  }
  return begins;
}
