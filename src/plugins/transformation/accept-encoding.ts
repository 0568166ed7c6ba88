/** What codings a client takes (RFC 9110, 12.5.3). */

/** Weights by coding, in lower case. */
export type Weights = ReadonlyMap<string, number>

/** Codings named in one field; more are not looked at. */
const MOST_CODINGS = 50

/** Reads the fields. A weight that is none counts as 0: nothing is sent that the client may not read. */
export function acceptedCodings(fields: readonly string[]): Weights {
  const weights = new Map<string, number>()
  for (const element of fields.join(',').split(',', MOST_CODINGS)) {
    const [name = '', ...parameters] = element.split(';')
    const coding = name.trim().toLowerCase()
    if (coding === '') continue
    const weight = parameters
      .map(text => /^\s*q\s*=\s*(.*?)\s*$/i.exec(text)?.[1])
      .find(text => text !== undefined)
    weights.set(coding === 'x-gzip' ? 'gzip' : coding, weight === undefined ? 1 : weightOf(weight))
  }
  return weights
}

function weightOf(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0
}

/** Weight of a coding: 0 when the client does not take it, or would rather have the body as it is. */
export function weightOfCoding(weights: Weights, coding: string): number {
  const weight = weights.get(coding) ?? weights.get('*') ?? 0
  const plain = weights.get('identity') ?? 0
  return weight < plain ? 0 : weight
}
