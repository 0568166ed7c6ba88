/** Finding the row of a table that a method and a path lead to. */

/** Taken apart once; the paths are few and short. */
export interface PathPattern {
  /** Fixed parts as they are; null where a name stands. */
  readonly parts: ReadonlyArray<string | null>
  readonly names: number
}

export interface PathRow {
  readonly method: string
  readonly path: string
}

/** What a path leads to: a row with what stands in the place of its names, or rows of other methods only. */
export type PathMatch<R> =
  | { readonly row: R; readonly parts: readonly string[] }
  | { readonly row: null; readonly methods: readonly string[] }

/** A table of rows, asked with the parts of a path. */
export class PathTable<R extends PathRow> {
  // Rows with fixed parts come first: `_bulk` is no id.
  readonly #rows: ReadonlyArray<{ readonly row: R; readonly pattern: PathPattern }>

  constructor(rows: readonly R[]) {
    this.#rows = rows
      .map(row => ({ row, pattern: patternOf(row.path) }))
      .sort((a, b) => a.pattern.names - b.pattern.names)
  }

  /** Null when no row has the path. `offered`: rows that do not fit it count as rows of another method. */
  find(
    method: string,
    segments: readonly string[],
    offered: (row: R) => boolean = () => true,
  ): PathMatch<R> | null {
    let fitting: PathPattern | null = null
    const methods: string[] = []
    for (const { row, pattern } of this.#rows) {
      if (fitting !== null && !samePattern(fitting, pattern)) continue
      const parts = partsOf(pattern, segments)
      if (parts === null) continue
      fitting = pattern
      if (!offered(row)) continue
      if (row.method === method) return { row, parts }
      methods.push(row.method)
    }
    return fitting === null ? null : { row: null, methods }
  }
}

function patternOf(path: string): PathPattern {
  const parts = path
    .split('/')
    .slice(1)
    .map(part => (part.startsWith('{') ? null : part))
  return { parts, names: parts.filter(part => part === null).length }
}

function samePattern(a: PathPattern, b: PathPattern): boolean {
  return a.parts.length === b.parts.length && a.parts.every((part, i) => part === b.parts[i])
}

function partsOf({ parts }: PathPattern, segments: readonly string[]): string[] | null {
  if (parts.length !== segments.length) return null
  const named: string[] = []
  for (const [i, part] of parts.entries()) {
    const segment = segments[i]!
    if (part === null) named.push(segment)
    else if (part !== segment) return null
  }
  return named
}
