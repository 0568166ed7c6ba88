/** Constraints on tags and metadata of a key. All that are given must hold. */
import type { ApikeyView } from '../../identity/apikey.ts'
import { schema as v } from '../../plugin/index.ts'
import { describeFaults, parse } from '../../schema/index.ts'
import { textMap, texts } from '../settings.ts'
import type { ConstraintsSettings } from './apikey-call-settings.ts'

/** Null when nothing is asked of a key. */
export type KeyConstraints = ((key: ApikeyView) => boolean) | null

const tags = v.nullish(texts)
const pairs = v.nullish(textMap)

/** Names of older configurations, and the one that upstream writes by mistake. */
const olderSpellings = v.looseObject({
  none_tagIn: tags,
  noneTagIn: tags,
  oneTagIn: tags,
  allTagsIn: tags,
  noneMetaIn: pairs,
  oneMetaIn: pairs,
  allMetaIn: pairs,
  noneMetaKeysIn: tags,
  oneMetaKeyIn: tags,
  allMetaKeysIn: tags,
})

type Holds = (key: ApikeyView) => boolean

/** Throws when an older spelling holds something that is no constraint. */
export function keyConstraints(settings: ConstraintsSettings): KeyConstraints {
  const parsed = parse(olderSpellings, settings)
  if (!parsed.ok) throw new Error(`constraints: ${describeFaults(parsed.faults)}`)
  const [now, old] = [settings, parsed.value]
  const noneTags = [...list(now.none_tag_in), ...list(old.none_tagIn), ...list(old.noneTagIn)]
  const tests = [
    none(noneTags.map(tagged)),
    some(either(now.one_tag_in, old.oneTagIn).map(tagged)),
    every(either(now.all_tags_in, old.allTagsIn).map(tagged)),
    none([...entries(now.none_meta_in), ...entries(old.noneMetaIn)].map(holding)),
    some(either(entries(now.one_meta_in), entries(old.oneMetaIn)).map(holding)),
    every(either(entries(now.all_meta_in), entries(old.allMetaIn)).map(holding)),
    none([...list(now.none_meta_keys_in), ...list(old.noneMetaKeysIn)].map(named)),
    some(either(now.one_meta_key_in, old.oneMetaKeyIn).map(named)),
    every(either(now.all_meta_keys_in, old.allMetaKeysIn).map(named)),
  ].filter(test => test !== null)
  return tests.length === 0 ? null : key => tests.every(holds => holds(key))
}

const tagged =
  (tag: string): Holds =>
  key =>
    key.tags.includes(tag)

const named =
  (name: string): Holds =>
  key =>
    Object.hasOwn(key.metadata, name)

const holding =
  ([name, value]: readonly [string, string]): Holds =>
  key =>
    Object.hasOwn(key.metadata, name) && key.metadata[name] === value

function none(tests: readonly Holds[]): Holds | null {
  return tests.length === 0 ? null : key => !tests.some(holds => holds(key))
}

function some(tests: readonly Holds[]): Holds | null {
  return tests.length === 0 ? null : key => tests.some(holds => holds(key))
}

function every(tests: readonly Holds[]): Holds | null {
  return tests.length === 0 ? null : key => tests.every(holds => holds(key))
}

type Maybe<T> = T | null | undefined

function list<T>(given: Maybe<readonly T[]>): readonly T[] {
  return given ?? []
}

function entries(given: Maybe<Readonly<Record<string, string>>>): readonly [string, string][] {
  return Object.entries(given ?? {})
}

/** The older spelling counts when the newer one says nothing. */
function either<T>(given: Maybe<readonly T[]>, older: Maybe<readonly T[]>): readonly T[] {
  const newer = list(given)
  return newer.length > 0 ? newer : list(older)
}
