// The use cases: folders that begin with a number, each with a `gateway.yaml` and a `case.json` (its title, addresses to try, programs
// it needs besides the application).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/**
 * The cases with these numbers (all of them when there are none) and the settings of one gateway for them: lists of entities are put
 * together. `move` changes the ports in the texts of their files.
 */
export function readCases(numbers, move) {
  const cases = readdirSync(import.meta.dirname)
    .filter(name => /^[1-9]-/.test(name) && (numbers.length === 0 || numbers.includes(name[0])))
    .sort()
    .map(name => ({ name, programs: [], ...JSON.parse(read(name, 'case.json')) }))
  if (cases.length === 0) throw new Error('there is no such use case')
  const settings = cases.map(({ name }) => parse(move(read(name, 'gateway.yaml')))).reduce(joined)
  return { cases, settings }
}

function read(name, file) {
  return readFileSync(join(import.meta.dirname, name, file), 'utf8')
}

function joined(one, other) {
  if (Array.isArray(one) && Array.isArray(other)) return [...one, ...other]
  if (!isObject(one) || !isObject(other)) return other
  const all = { ...one }
  for (const [name, value] of Object.entries(other))
    all[name] = name in one ? joined(one[name], value) : value
  return all
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
