/** The plugins of a route as the request path wants them: one list per phase, nothing left to decide. */
import type { ClientRequest, Phase, PluginInstance } from '../../plugin/contract.ts'

/** A plugin in one phase. */
export interface ChainStep<F> {
  /** Id of the plugin. */
  readonly plugin: string
  /** When the step takes part; null: always. */
  readonly only: ((request: ClientRequest) => boolean) | null
  readonly run: F
  /** Flow reports show what the plugin saw and what it left behind. */
  readonly debug: boolean
}

type Steps<K extends keyof PluginInstance> = readonly ChainStep<NonNullable<PluginInstance[K]>>[]

export interface Chain {
  // Of global plugins, outside of routes.
  readonly incoming: Steps<'incoming'>
  readonly router: Steps<'router'>
  readonly sink: Steps<'sink'>
  // Of a route.
  readonly beforeRequest: readonly ChainStep<Phase>[]
  readonly preRoute: readonly ChainStep<Phase>[]
  readonly access: readonly ChainStep<Phase>[]
  readonly request: readonly ChainStep<Phase>[]
  readonly lookup: readonly ChainStep<Phase>[]
  readonly backend: readonly ChainStep<Phase>[]
  readonly answered: readonly ChainStep<Phase>[]
  readonly failed: Steps<'failed'>
  readonly response: readonly ChainStep<Phase>[]
  readonly error: Steps<'error'>
  readonly afterRequest: Steps<'afterRequest'>
  readonly message: Steps<'message'>
  readonly tunnel: Steps<'tunnel'>
  readonly socket: Steps<'socket'>
  readonly matchRoute: Steps<'matchRoute'>
  /** Fields of the backend's answer that plugins read and nobody else gets, in lower case. */
  readonly answerFields: readonly (Pick<ChainStep<unknown>, 'only'> & { readonly name: string })[]
  /** Ids of the plugins in slot order. */
  readonly plugins: readonly string[]
  /** The plugins in slot order, with when they take part, for reports. */
  readonly slots: readonly Pick<ChainStep<unknown>, 'plugin' | 'only'>[]
  /** Ids of slots that are switched off, for reports. */
  readonly disabled: readonly string[]
  readonly instances: readonly PluginInstance[]
}

export const emptyChain: Chain = Object.freeze({
  incoming: [],
  router: [],
  sink: [],
  beforeRequest: [],
  preRoute: [],
  access: [],
  request: [],
  lookup: [],
  backend: [],
  answered: [],
  failed: [],
  response: [],
  error: [],
  afterRequest: [],
  message: [],
  tunnel: [],
  socket: [],
  matchRoute: [],
  answerFields: [],
  plugins: [],
  slots: [],
  disabled: [],
  instances: [],
})
