/** Statuses and ranges of them, as settings write them: `401`, `500-599`. */

/** Whether a status is in one of the ranges. */
export type StatusTest = (status: number) => boolean

/** Throws on a text that is no range. */
export function statusRanges(ranges: readonly string[]): StatusTest {
  const bounds = ranges.map(given => {
    const [, from, to = from] = /^\s*(\d{3})\s*(?:-\s*(\d{3})\s*)?$/.exec(given) ?? []
    if (from === undefined || Number(to) < Number(from))
      throw new Error(`status_codes: ${JSON.stringify(given.slice(0, 40))} is no status and no range`)
    return [Number(from), Number(to)] as const
  })
  return status => bounds.some(([from, to]) => status >= from && status <= to)
}
