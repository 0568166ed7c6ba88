/** A length of time as a setting. */
import { schema as v } from '../../plugin/index.ts'

/** Milliseconds, one to a year. */
export const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(31_536_000_000))
