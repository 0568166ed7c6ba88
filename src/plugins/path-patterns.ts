/**
 * Lists of patterns of paths in settings. A pattern is a regular expression of the whole path; it takes time in proportion to
 * the path, and one that cannot be read is a fault of the settings, named with its place.
 */
import { guardedRegex } from '../expression/regex/index.ts'
import { pathForms, patternForms } from '../http/path-forms.ts'
import { schema as v } from '../schema/index.ts'
import { setting } from './settings.ts'

export const pathPattern = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    const message = faultOf(dataset.value)
    if (message !== null) addIssue({ message })
  }),
)

/** A setting that lists patterns; none unless given. */
export const pathPatterns = (description: string) =>
  setting(v.array(pathPattern), (): string[] => [], description)

/** True when a pattern of the list is that of the whole path. */
function anyPath(patterns: readonly string[]): (path: string) => boolean {
  const compiled = patterns.flatMap(patternForms).map(pattern => guardedRegex(pattern))
  return path => compiled.some(pattern => pattern.matchesWhole(path))
}

/** True for paths that fit the list whatever a backend takes them for, so that they may be exempt from a check. */
export function exemptPaths(patterns: readonly string[]): (path: string) => boolean {
  const fits = anyPath(patterns)
  return patterns.length === 0 ? () => false : path => pathForms(path).every(fits)
}

/** True for paths that fit a public pattern and no private one, whatever a backend takes them for. */
export function publicPaths(
  publicPatterns: readonly string[],
  privatePatterns: readonly string[],
): (path: string) => boolean {
  const isPublic = anyPath(publicPatterns)
  const isPrivate = anyPath(privatePatterns)
  return path => pathForms(path).every(form => isPublic(form) && !isPrivate(form))
}

function faultOf(pattern: string): string | null {
  try {
    guardedRegex(pattern)
    return null
  } catch (error) {
    return `Invalid pattern: ${error instanceof Error ? error.message : String(error)}`
  }
}
