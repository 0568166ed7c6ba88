/** Plugins for the fail-closed tests: guards that work, and plugins that break in every way there is. */
import { answer, refuse } from '../../plugin/answer.ts'
import { definePlugin, type PluginDefinition, type PluginInstance } from '../../plugin/contract.ts'
import { type Schema, schema as v } from '../../schema/index.ts'

type AnyPlugin = PluginDefinition<never>

function plugin<C>(id: string, config: Schema<C>, setup: (config: C) => unknown): AnyPlugin {
  return definePlugin<C>({
    id,
    name: id,
    description: '',
    family: 'test',
    steps: ['ValidateAccess'],
    config,
    // What plugins written without types do, too.
    setup: setup as (config: C) => PluginInstance,
  }) as AnyPlugin
}

const anything = v.looseObject({})

/** Lets requests pass that carry `value` in the header `header`. Both are required. */
export const headerGuard = plugin(
  'guard.header',
  v.looseObject({ header: v.string(), value: v.string() }),
  ({ header, value }) => ({
    access: (exchange: { request: { headers: { get(name: string): string | undefined } } }) =>
      exchange.request.headers.get(header) === value ? undefined : refuse('ip_not_allowed'),
  }),
)

/** Refuses paths below `prefix`, a while later. */
export const pathGuard = plugin('guard.path', v.looseObject({ prefix: v.string() }), ({ prefix }) => ({
  preRoute: async (exchange: { request: { path: string } }) =>
    exchange.request.path.startsWith(prefix) ? refuse('ip_not_allowed') : undefined,
}))

/** Refuses `DELETE` by an answer of its own. */
export const methodGuard = plugin('guard.method', anything, () => ({
  request: (exchange: { request: { method: string } }) =>
    exchange.request.method === 'DELETE' ? answer(405, [], 'no') : undefined,
}))

/** Stands for the slots of its configuration. */
export const preset = plugin('preset', v.looseObject({ slots: v.array(v.unknown()) }), ({ slots }) => ({
  expand: () => slots,
}))

const phases = ['beforeRequest', 'preRoute', 'access', 'request', 'backend', 'matchRoute'] as const
const failures: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('broken')
  },
  rejects: () => Promise.reject(new Error('broken')),
  'answers null': () => null,
  'answers true': () => true,
  'answers later null': async () => null,
  'answers {}': () => ({}),
  'answers an unknown kind': () => ({ kind: 'maybe' }),
  'answers a bad status': () => ({ kind: 'full', status: 'x', headers: [['a b', '\n']], body: 5 }),
}

const setups: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('broken')
  },
  'throws nothing': () => {
    throw undefined
  },
  'answers nothing': () => undefined,
  'answers null': () => null,
  'answers text': () => 'instance',
  'answers a promise': async () => ({ access: () => refuse('ip_not_allowed') }),
  'has a phase that is text': () => ({ access: 'refuse' }),
  'has a phase that is an object': () => ({ preRoute: {} }),
  'expands to nothing': () => ({ expand: () => undefined }),
  'expands to text': () => ({ expand: () => 'guard.header' }),
  'expands to slots that are none': () => ({ expand: () => [{ id: 'guard.header' }] }),
  'expands to null slots': () => ({ expand: () => [null] }),
  'expands later': () => ({ expand: async () => [] }),
  'expands and throws': () => ({
    expand: () => {
      throw new Error('broken')
    },
  }),
  'expands to itself': () => ({ expand: () => [{ plugin: 'setup expands to itself' }] }),
  'throws at dispose': () => ({
    dispose: () => {
      throw new Error('broken')
    },
    access: () => {
      throw new Error('broken')
    },
  }),
}

/** Every plugin that breaks. */
export const misbehaving: readonly AnyPlugin[] = [
  ...Object.entries(setups).map(([name, setup]) => plugin(`setup ${name}`, anything, setup)),
  ...phases.flatMap(phase =>
    Object.entries(failures).map(([name, fails]) =>
      plugin(`${phase} ${name}`, anything, () => ({ [phase]: fails })),
    ),
  ),
]

/** Plugins that work. */
export const guards: readonly AnyPlugin[] = [headerGuard, pathGuard, methodGuard, preset]
