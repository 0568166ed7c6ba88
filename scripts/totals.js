// A reporter beside the readable one: the totals of a run as one line of JSON, with what failed.
export default async function* totals(events) {
  const failed = []
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.details?.error?.failureType !== 'subtestsFailed')
      failed.push(`${data.file ?? '?'}:${data.line ?? 0} ${data.name}`)
    // The one without a file is that of the whole run.
    if (type === 'test:summary' && data.file === undefined)
      yield JSON.stringify({ counts: data.counts, milliseconds: data.duration_ms, failed })
  }
}
