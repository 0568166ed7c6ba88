/** What the HOCON reader makes of a text before substitutions are followed. */

/** A fault of a configuration text, with the line it is on. */
export class HoconError extends Error {
  override readonly name = 'HoconError'
  readonly line: number

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.line = line
  }
}

export type Scalar = string | number | boolean | null

export interface ScalarExpression {
  readonly type: 'scalar'
  readonly value: Scalar
  /** As written: concatenations keep `1.0` as `1.0`. */
  readonly text: string
  /** Blanks stand between two parts only; they vanish between lists and objects. */
  readonly form: 'quoted' | 'unquoted' | 'blank'
}

export interface ListExpression {
  readonly type: 'list'
  readonly items: readonly Expression[]
}

export interface ObjectExpression {
  readonly type: 'object'
  /** Everything assigned to a field, in the order of the text. */
  readonly fields: Map<string, Assignment[]>
}

export interface Reference {
  readonly type: 'reference'
  readonly path: readonly string[]
  readonly optional: boolean
  readonly line: number
}

export interface Concatenation {
  readonly type: 'concatenation'
  readonly parts: readonly Expression[]
  readonly line: number
}

export type Expression = ScalarExpression | ListExpression | ObjectExpression | Reference | Concatenation

export interface Assignment {
  readonly expression: Expression
  /** Written with `+=`. */
  readonly append: boolean
  readonly line: number
}

export function emptyObject(): ObjectExpression {
  return { type: 'object', fields: new Map() }
}
