/** Queries of request targets, changed without writing what stays anew. */

/** The path and query without each parameter of this name, however the name is written; what stays keeps its bytes. */
export function withoutParameter(target: string, name: string): string {
  const question = target.indexOf('?')
  if (question < 0) return target
  // Without escapes the name stands there as it is, or nowhere.
  if (!target.includes(name, question) && !/[%+]/.test(target.slice(question))) return target
  const left = target
    .slice(question + 1)
    .split('&')
    .filter(pair => !new URLSearchParams(pair).has(name))
    .join('&')
  return target.slice(0, question) + (left === '' ? '' : `?${left}`)
}
