/** Tags that a backend puts on its answers, to have them purged together (`Cache-Tag`, `Surrogate-Key`). */
import type { Fields } from './fields.ts'

/** 64 bits that stand for a tag, a route or a URL. */
export type Tag = Int32Array

/** Most tags of an answer; one with more is not kept, since it could not be purged by all of them. */
export const MOST_TAGS = 128

/** Tags of an answer, each once; null when there are too many. `Cache-Tag` has commas, `Surrogate-Key` spaces. */
export function tagsOf(answer: Fields): readonly string[] | null {
  const lines = [...answer.getAll('cache-tag'), ...answer.getAll('surrogate-key')]
  if (lines.length === 0) return []
  const tags = new Set(lines.flatMap(line => line.split(/[\s,]+/)).filter(tag => tag !== ''))
  return tags.size > MOST_TAGS ? null : [...tags]
}
