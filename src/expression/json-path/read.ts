/** What a path leads to in a document. Every look costs: a path may ask for more than anybody waits for. */
import type { Lookup } from './filter.ts'
import type { JsonPath, Step } from './path.ts'

/** How many more values may be looked at. */
export interface Budget {
  looks: number
}

/** The document is too large for the path. */
export class TooManyLooks extends Error {
  constructor() {
    super('the path looks at too much')
    this.name = 'TooManyLooks'
  }
}

/** The value, or the list of values of a path that is not definite; undefined when there is none. Throws `TooManyLooks`. */
export function readAt(path: JsonPath, root: unknown, from: unknown, budget: Budget): unknown {
  let found: unknown[] = [path.fromRoot ? root : from]
  let sure = true
  let deep = false
  for (const step of path.steps) {
    if (step.kind === 'deep') {
      deep = true
      continue
    }
    const starts = deep ? found.flatMap(value => everything(value, budget)) : found
    const next: unknown[] = []
    for (const value of starts) take(step, value, root, budget, next)
    if (sure && !deep && next.length === 0 && isOne(step)) return undefined
    // What is not there is left out once there is more than one place to look at.
    sure &&= !deep && isOne(step)
    deep = false
    found = next
  }
  return path.definite ? found[0] : found
}

function isOne(step: Step): boolean {
  return (
    step.kind === 'name' || step.kind === 'length' || (step.kind === 'items' && step.indexes.length === 1)
  )
}

function take(step: Step, value: unknown, root: unknown, budget: Budget, into: unknown[]): void {
  look(budget)
  switch (step.kind) {
    case 'name':
      if (isObject(value) && Object.hasOwn(value, step.name)) into.push(value[step.name])
      return
    case 'every':
      for (const inner of inside(value)) {
        look(budget)
        into.push(inner)
      }
      return
    case 'items':
      if (Array.isArray(value))
        for (const index of step.indexes) {
          const item: unknown = value.at(index)
          if (item !== undefined) into.push(item)
        }
      return
    case 'slice':
      if (Array.isArray(value))
        for (const item of value.slice(step.from, step.to)) {
          look(budget)
          into.push(item)
        }
      return
    case 'filter': {
      // The filter of an object looks at the object itself.
      for (const item of Array.isArray(value) ? value : isObject(value) ? [value] : []) {
        look(budget)
        const lookup: Lookup = path => readAt(path, root, item, budget)
        if (step.filter(lookup)) into.push(item)
      }
      return
    }
    case 'length':
      if (Array.isArray(value) || typeof value === 'string') into.push(value.length)
      else if (isObject(value)) into.push(Object.keys(value).length)
  }
}

/** The value, and everything in it that holds values. */
function everything(value: unknown, budget: Budget): unknown[] {
  const found: unknown[] = [value]
  for (let i = 0; i < found.length; i++)
    for (const inner of inside(found[i])) {
      look(budget)
      if (typeof inner === 'object' && inner !== null) found.push(inner)
    }
  return found
}

function inside(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return isObject(value) ? Object.values(value) : []
}

function look(budget: Budget): void {
  if (--budget.looks < 0) throw new TooManyLooks()
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
