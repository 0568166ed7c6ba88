/**
 * What a query would cost: how deep its fields are nested, and how many there are.
 *
 * Guarantees: each fragment is looked at once, so that fragments which name each other many times over cost nothing to measure.
 * The document must have passed validation: no fragment is missing or contains itself.
 */
import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql'

export interface QueryCost {
  readonly depth: number
  readonly fields: number
}

const NOTHING: QueryCost = { depth: 0, fields: 0 }

/** The most that one of the operations costs. Questions about the schema itself count for nothing. */
export function costOf(document: DocumentNode): QueryCost {
  const fragments = new Map<string, SelectionSetNode>()
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node.selectionSet)
  const known = new Map<string, QueryCost>()
  const ofFragment = (name: string): QueryCost => {
    let cost = known.get(name)
    if (cost === undefined) {
      const set = fragments.get(name)
      cost = set === undefined ? NOTHING : ofSet(set)
      known.set(name, cost)
    }
    return cost
  }
  const ofSet = ({ selections }: SelectionSetNode): QueryCost => {
    let depth = 0
    let fields = 0
    for (const node of selections) {
      let cost: QueryCost
      if (node.kind === Kind.FIELD) {
        if (node.name.value.startsWith('__')) continue
        const inner = node.selectionSet === undefined ? NOTHING : ofSet(node.selectionSet)
        cost = { depth: inner.depth + 1, fields: inner.fields + 1 }
      } else
        cost = node.kind === Kind.FRAGMENT_SPREAD ? ofFragment(node.name.value) : ofSet(node.selectionSet)
      depth = Math.max(depth, cost.depth)
      fields += cost.fields
    }
    return { depth, fields }
  }
  const costs = document.definitions
    .filter(node => node.kind === Kind.OPERATION_DEFINITION)
    .map(({ selectionSet }) => ofSet(selectionSet))
  return {
    depth: Math.max(0, ...costs.map(({ depth }) => depth)),
    fields: Math.max(0, ...costs.map(({ fields }) => fields)),
  }
}
