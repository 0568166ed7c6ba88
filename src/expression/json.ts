/** Reading JSON values by path, and turning them into text. Own properties only. */

/** The value at a dotted path (`a.b.0`), or undefined. Objects by key, arrays by index. */
export function at(value: unknown, path: string): unknown {
  return follow(value, path.split('.'))
}

/** The value at a JSON pointer (RFC 6901), or undefined. */
export function atPointer(value: unknown, pointer: string): unknown {
  const steps = (pointer.startsWith('/') ? pointer.slice(1) : pointer).split('/')
  return follow(
    value,
    steps.map(step => step.replaceAll('~1', '/').replaceAll('~0', '~')),
  )
}

function follow(value: unknown, steps: readonly string[]): unknown {
  let here = value
  for (const step of steps) {
    if (typeof here !== 'object' || here === null) return undefined
    if (Array.isArray(here)) here = /^\d{1,9}$/.test(step) ? here[Number(step)] : undefined
    else here = own(here as Record<string, unknown>, step)
  }
  return here
}

/** An own property, or undefined. */
export function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

/** Text of a JSON value: strings as they are, the rest as compact JSON. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? 'null'
}
