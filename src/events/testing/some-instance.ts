/** An instance for tests. */
import type { InstanceFacts } from '../instance-facts.ts'

export const someInstance: InstanceFacts = {
  number: 1,
  name: 'one',
  zone: 'z',
  region: 'r',
  dc: 'd',
  provider: 'p',
  rack: 'k',
}
