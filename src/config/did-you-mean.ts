/** The name somebody probably meant. */

const LONGEST = 120

/** `; did you mean …?`, or an empty text when nothing is near. */
export function didYouMean(written: string, names: Iterable<string>): string {
  if (written.length > LONGEST) return ''
  const wanted = written.toLowerCase()
  let best: string | null = null
  let least = 1 + Math.max(2, Math.floor(wanted.length / 6))
  for (const name of names) {
    const candidate = name.toLowerCase()
    const cost = candidate === `otoroshi.${wanted}` ? 1 : distance(wanted, candidate, least)
    if (cost < least) {
      best = name
      least = cost
    }
  }
  return best === null ? '' : `; did you mean ${best}?`
}

/** Edits between two texts (a swap of neighbours counts once); `limit` when there are at least so many. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, before[j - 2]! + 1)
      next.push(cost)
    }
    before = row
    row = next
  }
  return Math.min(row[b.length]!, limit)
}
