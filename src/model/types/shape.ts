/** True for JSON objects: neither null nor arrays. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Applies `change` to the field `key` when it is there. Answers the same object when nothing changes. */
export function mapField(
  input: Record<string, unknown>,
  key: string,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  if (!Object.hasOwn(input, key)) return input
  const before = input[key]
  const after = change(before)
  return after === before ? input : { ...input, [key]: after }
}

/** Applies `change` to each item of a list. */
export function mapItems(value: unknown, change: (item: unknown) => unknown): unknown {
  if (!Array.isArray(value)) return value
  let changed = false
  const items = value.map(item => {
    const after = change(item)
    if (after !== item) changed = true
    return after
  })
  return changed ? items : value
}
