/**
 * Reads the HOCON that configuration files of gateways are written in: nested and dotted keys, `=`, `:` and `+=`,
 * comments, quoted, triple-quoted and unquoted texts, lists, objects, concatenations and substitutions.
 *
 * Guarantees: ends on every text, in time linear in its length; nesting is bounded; every fault names a line.
 * Does not read other files: `include` of the standard files is passed over, of anything else refused.
 */
import { Characters } from './characters.ts'
import {
  type Assignment,
  type Expression,
  emptyObject,
  type ObjectExpression,
  type Scalar,
  type ScalarExpression,
} from './expression.ts'

const MAX_DEPTH = 64
const NUMBER = /^-?\d/
const INCLUDE = /include[ \t]*(?:"|(?:required|classpath|file|url)\()/y
/** Files whose content are the built-in defaults. */
const STANDARD = /^(?:application|base|reference)(?:\.conf)?$/

/** Throws `HoconError`. `named` receives the paths that substitutions name. */
export function parseHocon(text: string, named = new Set<string>()): ObjectExpression {
  return new Parser(new Characters(text), named).document()
}

class Parser {
  readonly #in: Characters
  readonly #named: Set<string>
  #depth = 0

  constructor(input: Characters, named: Set<string>) {
    this.#in = input
    this.#named = named
  }

  document(): ObjectExpression {
    this.#in.gap()
    if (this.#in.peek() === '[') this.#in.fail('a configuration is an object, not a list')
    const braces = this.#in.peek() === '{'
    const root = braces ? this.#object() : emptyObject()
    if (!braces) this.#fields(root, '')
    this.#in.gap()
    if (!this.#in.done) this.#in.fail(`unexpected '${this.#in.peek()}'`)
    return root
  }

  #object(): ObjectExpression {
    const from = this.#in.line
    const object = emptyObject()
    this.#enter()
    this.#in.take()
    this.#fields(object, '}')
    if (this.#in.take() !== '}') this.#in.fail(`the { of line ${from} has no }`)
    this.#depth--
    return object
  }

  #fields(object: ObjectExpression, end: string): void {
    for (;;) {
      this.#in.gap()
      if (this.#in.done || this.#in.peek() === end) return
      if (this.#in.peek() === '}') this.#in.fail("unexpected '}'")
      if (!this.#include()) this.#field(object)
      this.#separator(end)
    }
  }

  /** After a field or an item: a comma, a line end or the closing character. */
  #separator(end: string): void {
    const line = this.#in.line
    this.#in.gap()
    if (this.#in.peek() === ',') this.#in.take()
    else if (!this.#in.done && this.#in.peek() !== end && this.#in.line === line)
      this.#in.fail(`unexpected '${this.#in.peek()}': put the value in quotes or begin a new line`)
  }

  #field(object: ObjectExpression): void {
    const { line } = this.#in
    const path = this.#path()
    this.#in.gap()
    const append = this.#in.startsWith('+=')
    if (append) this.#in.take(2)
    else if (this.#in.peek() === '=' || this.#in.peek() === ':') this.#in.take()
    else if (this.#in.peek() !== '{')
      this.#in.fail(`the key '${path.join('.')}' must be followed by = : or {`)
    this.#in.gap()
    const expression = this.#value(path.join('.'))
    assign(object, path, { expression, append, line })
  }

  /** Keys separated by dots, each quoted or not. */
  #path(): string[] {
    const path: string[] = []
    for (;;) {
      const part = this.#in.peek() === '"' ? this.#in.quoted() : this.#in.unquoted('.')
      if (part === '' && this.#in.peek() !== '"')
        this.#in.fail(this.#in.done ? 'a key was expected' : `a key was expected, got '${this.#in.peek()}'`)
      path.push(part)
      if (path.length > MAX_DEPTH) this.#in.fail('a key has too many parts')
      this.#in.blanks()
      if (this.#in.peek() !== '.') return path
      this.#in.take()
      this.#in.blanks()
    }
  }

  #include(): boolean {
    if (!this.#in.matches(INCLUDE)) return false
    this.#in.take(7)
    this.#in.blanks()
    const closing = this.#opened()
    if (this.#in.peek() !== '"') this.#in.fail('include must be followed by the name of a file in quotes')
    const name = this.#in.quoted()
    for (let i = 0; i < closing; i++) {
      this.#in.blanks()
      if (this.#in.take() !== ')') this.#in.fail('include: a ) is missing')
    }
    if (!STANDARD.test(name)) this.#in.fail(`include "${name}": only application.conf may be included`)
    return true
  }

  /** `required(classpath(` and the like in front of the name; answers how many are to be closed. */
  #opened(): number {
    let count = 0
    for (const word of ['required(', 'classpath(', 'file(']) {
      if (!this.#in.startsWith(word)) continue
      this.#in.take(word.length)
      this.#in.blanks()
      count++
    }
    return count
  }

  /** A value: parts up to the end of the line, a comma or a closing character. */
  #value(of: string): Expression {
    const { line } = this.#in
    const parts: Expression[] = []
    let blank = ''
    for (;;) {
      const part = this.#part()
      if (part === null) break
      if (blank !== '' && parts.length > 0) parts.push(scalar(blank, blank, 'blank'))
      parts.push(part)
      blank = this.#in.blanks()
    }
    if (parts.length === 0) this.#in.fail(`'${of}' has no value`)
    return parts.length === 1 ? typed(parts[0]!) : { type: 'concatenation', parts, line }
  }

  #part(): Expression | null {
    const c = this.#in.peek()
    if (c === '{') return this.#object()
    if (c === '[') return this.#list()
    if (c === '"') {
      const text = this.#in.quoted()
      return scalar(text, text, 'quoted')
    }
    if (this.#in.startsWith('${')) return this.#reference()
    if (this.#in.atComment()) return null
    // '+', '=' and others end an unquoted text: what they begin is refused by whoever reads on.
    const text = this.#in.unquoted('')
    return text === '' ? null : scalar(text, text, 'unquoted')
  }

  #list(): Expression {
    const from = this.#in.line
    const items: Expression[] = []
    this.#enter()
    this.#in.take()
    for (;;) {
      this.#in.gap()
      if (this.#in.done) this.#in.fail(`the [ of line ${from} has no ]`)
      if (this.#in.peek() === ']') break
      items.push(this.#value('an item of a list'))
      this.#separator(']')
    }
    this.#in.take()
    this.#depth--
    return { type: 'list', items }
  }

  #reference(): Expression {
    const { line } = this.#in
    this.#in.take(2)
    const optional = this.#in.peek() === '?'
    if (optional) this.#in.take()
    if (this.#in.startsWith('vault:')) this.#in.fail('references to vaults are not resolved in this version')
    this.#in.blanks()
    const path = this.#path()
    if (this.#in.take() !== '}') this.#in.fail('a substitution has no }')
    this.#named.add(path.join('.'))
    return { type: 'reference', path, optional, line }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) this.#in.fail('nested too deeply')
  }
}

function scalar(value: Scalar, text: string, form: ScalarExpression['form']): ScalarExpression {
  return { type: 'scalar', value, text, form }
}

/** Unquoted texts get a type only where they stand alone. */
function typed(part: Expression): Expression {
  if (part.type !== 'scalar' || part.form !== 'unquoted') return part
  const { text } = part
  if (text === 'true' || text === 'false') return scalar(text === 'true', text, 'unquoted')
  if (text === 'null') return scalar(null, text, 'unquoted')
  // A number that is written otherwise than numbers are printed may be a secret or an id: it stays as written.
  return scalar(String(Number(text)) === text && NUMBER.test(text) ? Number(text) : text, text, 'unquoted')
}

function assign(object: ObjectExpression, path: readonly string[], assignment: Assignment): void {
  let { fields } = object
  for (const part of path.slice(0, -1)) {
    const inner = emptyObject()
    push(fields, part, { expression: inner, append: false, line: assignment.line })
    fields = inner.fields
  }
  push(fields, path.at(-1)!, assignment)
}

function push(fields: Map<string, Assignment[]>, name: string, assignment: Assignment): void {
  const known = fields.get(name)
  if (known === undefined) fields.set(name, [assignment])
  else known.push(assignment)
}
