/**
 * Follows substitutions and merges what was assigned several times.
 *
 * A field that refers to itself sees what was assigned before (`path = ${path} [x]`); an optional substitution that finds
 * nothing leaves the earlier value standing. Work is bounded: a text that multiplies itself is refused.
 */
import { type Assignment, type Expression, HoconError, type ObjectExpression } from './expression.ts'
import type { Raw } from '../raw.ts'

/** Values that are not in the file. Undefined: there is none. */
export interface Outside {
  /** Wins over the file: flags and variables. */
  over(path: string): Raw | undefined
  /** Stands in where the file says nothing: defaults and the environment. */
  under(path: string): Raw | undefined
}

const MAX_STEPS = 200_000
const MAX_TEXT = 1_000_000
const MAX_DEPTH = 200

/** What a field turns out to be: objects are kept as layers, the last wins. */
type Shape = { readonly layers: readonly ObjectExpression[] } | { readonly value: Raw } | null

/** Throws `HoconError`. */
export function resolveHocon(root: ObjectExpression, outside: Outside): { readonly [key: string]: Raw } {
  return new Resolution(root, outside).object([root], 0)
}

class Resolution {
  readonly #root: ObjectExpression
  readonly #outside: Outside
  /** Assignments being looked at: whoever comes back to one sees those before it. */
  readonly #open = new Set<Assignment>()
  #steps = 0

  constructor(root: ObjectExpression, outside: Outside) {
    this.#root = root
    this.#outside = outside
  }

  object(layers: readonly ObjectExpression[], depth: number): { readonly [key: string]: Raw } {
    const result: Record<string, Raw> = Object.create(null)
    for (const name of new Set(layers.flatMap(layer => [...layer.fields.keys()]))) {
      const stack = layers.flatMap(layer => layer.fields.get(name) ?? [])
      const value = this.#valueOf(this.#settle(stack, depth + 1), depth + 1)
      if (value !== undefined) result[name] = value
    }
    return result
  }

  #valueOf(shape: Shape, depth: number): Raw | undefined {
    if (shape === null) return undefined
    return 'value' in shape ? shape.value : this.object(shape.layers, depth)
  }

  /** The last assignment counts; objects are merged with the objects before them. */
  #settle(all: readonly Assignment[], depth: number): Shape {
    const cut = all.findIndex(assignment => this.#open.has(assignment))
    const stack = cut < 0 ? all : all.slice(0, cut)
    let layers: readonly ObjectExpression[] = []
    for (let i = stack.length - 1; i >= 0; i--) {
      const assignment = stack[i]!
      this.#step(assignment.line, depth)
      this.#open.add(assignment)
      let shape = this.#shape(assignment.expression, assignment.line, depth + 1)
      this.#open.delete(assignment)
      if (shape === null) continue
      if (assignment.append) shape = this.#append(stack.slice(0, i), shape, assignment.line, depth)
      if ('layers' in shape) layers = [...shape.layers, ...layers]
      else return layers.length === 0 ? shape : { layers }
    }
    return layers.length === 0 ? null : { layers }
  }

  #append(
    before: readonly Assignment[],
    item: NonNullable<Shape>,
    line: number,
    depth: number,
  ): { value: Raw } {
    const list = this.#valueOf(this.#settle(before, depth + 1), depth + 1) ?? []
    if (!Array.isArray(list)) throw new HoconError(line, '+= needs a list')
    return { value: this.#bounded([...list, this.#valueOf(item, depth) ?? null], line) }
  }

  #shape(expression: Expression, line: number, depth: number): Shape {
    this.#step(line, depth)
    switch (expression.type) {
      case 'scalar':
        return { value: expression.value }
      case 'object':
        return { layers: [expression] }
      case 'list':
        return { value: this.#items(expression.items, line, depth) }
      case 'reference': {
        const found = this.#lookup(expression.path, depth)
        if (found === null && !expression.optional)
          throw new HoconError(expression.line, `\${${expression.path.join('.')}} has no value`)
        return found
      }
      case 'concatenation':
        return this.#join(expression.parts, expression.line, depth)
    }
  }

  #items(items: readonly Expression[], line: number, depth: number): Raw[] {
    const values: Raw[] = []
    for (const item of items) {
      const value = this.#valueOf(this.#shape(item, line, depth + 1), depth + 1)
      if (value !== undefined) values.push(value)
    }
    return values
  }

  #lookup(path: readonly string[], depth: number): Shape {
    const name = path.join('.')
    const over = this.#outside.over(name)
    const found = over === undefined ? this.#inFile(path, depth) : { value: over }
    if (found !== null) return found
    const under = this.#outside.under(name)
    return under === undefined ? null : { value: under }
  }

  #inFile(path: readonly string[], depth: number): Shape {
    let shape: Shape = { layers: [this.#root] }
    let first = true
    for (const name of path) {
      if (shape === null || !('layers' in shape)) return null
      // The trees `app` and `otoroshi` are one, and `otoroshi` wins.
      const names = first && (name === 'app' || name === 'otoroshi') ? ['app', 'otoroshi'] : [name]
      const { layers } = shape as { layers: readonly ObjectExpression[] }
      shape = this.#settle(
        names.flatMap(n => layers.flatMap(layer => layer.fields.get(n) ?? [])),
        depth + 1,
      )
      first = false
    }
    return shape
  }

  #join(parts: readonly Expression[], line: number, depth: number): Shape {
    const shapes: NonNullable<Shape>[] = []
    const texts: string[] = []
    let lists = 0
    let objects = 0
    for (const part of parts) {
      const blank = part.type === 'scalar' && part.form === 'blank'
      const shape = this.#shape(part, line, depth + 1)
      if (shape === null) continue
      if (!blank) shapes.push(shape)
      if ('layers' in shape) objects++
      else if (Array.isArray(shape.value)) lists++
      else texts.push(part.type === 'scalar' ? part.text : String(shape.value))
    }
    if (shapes.length === 0) return null
    if (objects === shapes.length)
      return { layers: shapes.flatMap(shape => ('layers' in shape ? shape.layers : [])) }
    if (lists === shapes.length)
      return {
        value: this.#bounded(
          shapes.flatMap(shape => ('value' in shape ? shape.value : [])),
          line,
        ),
      }
    if (lists > 0 || objects > 0)
      throw new HoconError(line, 'texts, lists and objects cannot be put together')
    return { value: this.#boundedText(texts, line) }
  }

  #boundedText(texts: readonly string[], line: number): string {
    const text = texts.join('')
    if (text.length > MAX_TEXT) throw new HoconError(line, 'the text is too long')
    this.#steps += text.length >> 6
    return text
  }

  #bounded(list: Raw, line: number): Raw {
    if (Array.isArray(list) && list.length > MAX_STEPS) throw new HoconError(line, 'the list is too long')
    if (Array.isArray(list)) this.#steps += list.length
    return list
  }

  #step(line: number, depth: number): void {
    if (++this.#steps > MAX_STEPS) throw new HoconError(line, 'the substitutions are too many to follow')
    if (depth > MAX_DEPTH) throw new HoconError(line, 'the substitutions go round in a circle or too deep')
  }
}
