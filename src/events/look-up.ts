/** Places inside an event: dotted paths, JSON pointers, and JSONPaths of plain steps. */
import { own } from './lazy-event.ts'
import { isObject } from './match.ts'

/** The steps of a path as the operator `$at`, `$pointer` or `$path` writes it. */
export function stepsOf(operator: string, path: string): readonly string[] {
  if (operator === '$pointer')
    return path
      .split('/')
      .slice(1)
      .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (operator === '$path')
    return [...path.replace(/^\$/, '').matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(
      m => m[1] ?? m[2] ?? m[3] ?? '',
    )
  return path.split('.')
}

/** What is there, or undefined. */
export function lookUp(source: unknown, steps: readonly string[]): unknown {
  let value = source
  for (const step of steps) {
    if (Array.isArray(value)) value = value[Number(step)]
    else if (isObject(value)) value = own(value, step)
    else return undefined
  }
  return value
}
