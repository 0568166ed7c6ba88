/**
 * The data-plane threads as the main thread sees them: starts them, hands them revisions, replaces one that died.
 *
 * Guarantees: `publish` resolves when every live thread serves the revision or after a bounded time; a thread that joins
 * gets everything first and misses nothing; a thread that dies is replaced and said so, the others go on.
 */
import { setFlagsFromString } from 'node:v8'
import { type MessagePort, Worker } from 'node:worker_threads'
import type { ExporterRules } from '../events/index.ts'
import { nameOf, type Subject } from '../limits/subject.ts'
import type { PluginListing } from '../plugin/listing.ts'
import type { Acknowledgement, Delta, EntityFault } from '../revision/delta.ts'
import type { KeyToStore } from './apikey-desk.ts'
import { InFlight } from './in-flight.ts'
import type { PasswordAnswer, PasswordQuestion } from '../identity/password-question.ts'
import type { SnowMonkeyState } from './snow-monkey-state.ts'
import type {
  BoardEntry,
  FlowMessage,
  FromThread,
  HypotheticalRequest,
  LogLevel,
  PluginFailure,
  PluginFile,
  ToThread,
} from './messages.ts'
import { TextDesk } from './text-desk.ts'
import type { ListenerSettings, ThreadSettings } from './thread-settings.ts'

export interface DataPlaneOptions {
  /** Settings of a thread, except its index. */
  readonly settings: Omit<ThreadSettings, 'index'>
  /** Settled once `fullDelta` tells all there is: threads are started before. */
  readonly listed: Promise<void>
  /** Everything that is served, as of now: what a new thread gets first. */
  readonly fullDelta: () => Delta
  /** Acknowledgement of a delta that nobody waits for (a new thread's first). */
  readonly onAcknowledged: (delta: Delta, acknowledgement: Acknowledgement) => void
  readonly onFlow: (flow: FlowMessage) => void
  /** A thread is gone: what it held in shared memory is nobody's. */
  readonly onDied: (index: number) => void
  /** Reads the text of an entity that is looked up by its id, unless it is there. Never rejects. */
  readonly onFetch: (kind: string, id: string) => Promise<void>
  /** Stores a key unless there is one of its id; answers why it could not, or null. Never rejects. */
  readonly onApikey: (key: KeyToStore) => Promise<string | null>
  /** Judges a password. Never rejects. */
  readonly onPassword: (question: PasswordQuestion) => Promise<PasswordAnswer>
  /** The tokens of a session in use are to be renewed. */
  readonly onSessionUsed: (id: string) => void
  /** What is on the board now. */
  readonly board: () => readonly BoardEntry[]
  /** Writes on the board; answers why it could not, or null. Never rejects. */
  readonly onBoard: (key: string, value: string | null, ttl: number) => Promise<string | null>
  /** A new channel for events of a thread, or null while nobody exports. */
  readonly openEventPort: () => MessagePort | null
  readonly onPlugins: (failures: readonly PluginFailure[], listings: readonly PluginListing[]) => void
  /** Keeps account of a subject; answers whether the store could be asked. */
  readonly count: (subject: Subject) => Promise<boolean>
  readonly log: (level: LogLevel, message: string) => void
}

/** Longest a write waits for threads to swap, milliseconds. */
const PATIENCE = 10_000
/** Before a thread that died is replaced; doubles while it keeps dying. */
const FIRST_DELAY = 50
const LONGEST_DELAY = 5_000
/**
 * Megabytes a thread may fill with short-lived objects before they are collected. With 8 a chain of plugins costs a twentieth more:
 * what the requests in flight hold is copied each time. With 32 it costs as much, and a thread holds some ten megabytes more.
 */
const YOUNG_GENERATION = 24

/**
 * Makes what a request leaves behind die young. A burst of requests in flight looks to the engine as if objects of that kind lived
 * long; from then on it makes them where only a large collection clears away, and whatever they hold goes there with them. Set once
 * the threads have read their code: cached code is refused when it was made under other flags.
 */
function keepObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}

/** A port could not be listened on. */
export class ListenFailed extends Error {
  readonly listener: string
  constructor(listener: string, message: string) {
    super(message)
    this.name = 'ListenFailed'
    this.listener = listener
  }
}

interface Thread {
  readonly index: number
  readonly worker: Worker
  live: boolean
  startedAt: number
  /** Revision served last. */
  revision: number
  /** Told when a revision is served; by revision. */
  readonly waiting: Map<number, (acknowledgement: Acknowledgement | null) => void>
}

export interface ThreadStatus {
  readonly index: number
  readonly live: boolean
  readonly revision: number
  readonly restarts: number
}

export class DataPlane {
  readonly #options: DataPlaneOptions
  readonly #threads: Thread[] = []
  readonly #restarts: number[]
  readonly #listeners = new Map<string, ListenerSettings>()
  readonly #questions = new Map<number, (answer: unknown) => void>()
  #plugins: readonly PluginFile[] | null = null
  #tryIts: readonly string[] = []
  readonly #rotations = new Map<string, number>()
  #snowMonkey: SnowMonkeyState = null
  #exporters: readonly ExporterRules[] = []
  #lastQuestion = 0
  #closing = false

  constructor(options: DataPlaneOptions) {
    this.#options = options
    this.#restarts = Array.from({ length: options.settings.threads }, () => 0)
  }

  /** Starts all threads; resolves when each serves the first revision. */
  async start(plugins: readonly PluginFile[]): Promise<void> {
    this.#plugins = plugins
    for (let index = 0; index < this.#options.settings.threads; index++)
      this.#threads.push(this.#spawn(index))
    await Promise.all([this.#options.listed, ...this.#threads.map(thread => this.#serving(thread))])
    keepObjectsYoung()
  }

  /** Listens on every thread; answers the ports by listener. Rejects with `ListenFailed`. */
  async listenOn(listeners: readonly ListenerSettings[]): Promise<ReadonlyMap<string, number>> {
    const ports = new Map<string, number>()
    for (const listener of listeners) {
      // A free port is chosen by the first thread; the others join it.
      const first = await this.#listen(this.#threads[0]!, listener)
      const fixed = { ...listener, port: first }
      this.#listeners.set(listener.id, fixed)
      await Promise.all(this.#threads.slice(1).map(thread => this.#listen(thread, fixed)))
      ports.set(listener.id, first)
    }
    return ports
  }

  async publish(delta: Delta): Promise<readonly Acknowledgement[]> {
    const answers = this.#threads.filter(thread => thread.live).map(thread => this.#send(thread, delta))
    const acknowledgements: Acknowledgement[] = []
    for (const answer of await Promise.all(answers)) if (answer !== null) acknowledgements.push(answer)
    return acknowledgements
  }

  /** Opens another port on every thread. Rejects with `ListenFailed`; then no thread listens on it. */
  async listen(listener: ListenerSettings): Promise<number> {
    const live = this.#threads.filter(thread => thread.live)
    const port = await this.#listen(live[0]!, listener)
    const fixed = { ...listener, port }
    this.#listeners.set(listener.id, fixed)
    await Promise.all(live.slice(1).map(thread => this.#listen(thread, fixed)))
    return port
  }

  unlisten(id: string): void {
    this.#listeners.delete(id)
    this.#tellAll({ type: 'unlisten', id })
  }

  /** The files of the plugins folder changed. */
  reloadPlugins(files: readonly PluginFile[]): void {
    this.#plugins = files
    this.#tellAll({ type: 'plugins', files })
  }

  /** Requests that name one of these ids get a flow report. */
  setTryIts(ids: readonly string[]): void {
    this.#tryIts = ids
    this.#tellAll({ type: 'try-its', ids })
  }

  /** The events thread came (or came again): every thread gets a channel to it. */
  connectEvents(): void {
    for (const thread of this.#threads) if (thread.live) this.#connectEvents(thread)
  }

  /** Who wants which events. */
  setExporters(exporters: readonly ExporterRules[]): void {
    this.#exporters = exporters
    this.#tellAll({ type: 'exporters', exporters })
  }

  /** When secrets of API keys are exchanged, epoch milliseconds; null for those that rotate no more. */
  setRotations(times: ReadonlyMap<string, number | null>): void {
    for (const [clientId, at] of times)
      if (at === null) this.#rotations.delete(clientId)
      else this.#rotations.set(clientId, at)
    this.#tellAll({ type: 'rotations', times })
  }

  /** Facts on the board changed. */
  tellBoard(entries: readonly BoardEntry[]): void {
    this.#tellAll({ type: 'board', entries })
  }

  /** What the snow monkey does now. */
  setSnowMonkey(state: SnowMonkeyState): void {
    this.#snowMonkey = state
    this.#tellAll({ type: 'snow-monkey', state })
  }

  /** What the gateway would do with a request; `{ok, report}` or `{ok: false, message}`. */
  explain(request: HypotheticalRequest): Promise<unknown> {
    return this.#ask(id => ({ type: 'explain', id, request }))
  }

  /** What would close a route if the delta were applied. Nothing is changed by asking. */
  closedBy(delta: Delta, route: string): Promise<readonly EntityFault[]> {
    // The answer to a question is of the type that belongs to it.
    return this.#ask(id => ({ type: 'try', id, delta, route })) as Promise<readonly EntityFault[]>
  }

  #ask(question: (id: number) => ToThread): Promise<unknown> {
    const thread = this.#threads.find(t => t.live)
    if (thread === undefined) return Promise.reject(new Error('no data-plane thread is running'))
    const id = ++this.#lastQuestion
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id)
        reject(new Error('no answer within 10 seconds'))
      }, PATIENCE)
      this.#questions.set(id, answer => {
        clearTimeout(timer)
        resolve(answer)
      })
      tell(thread, question(id))
    })
  }

  #answered(id: number, answer: unknown): void {
    this.#questions.get(id)?.(answer)
    this.#questions.delete(id)
  }

  status(): readonly ThreadStatus[] {
    return this.#threads.map(({ index, live, revision }) => ({
      index,
      live,
      revision,
      restarts: this.#restarts[index]!,
    }))
  }

  /** Stops accepting, lets requests finish for at most `limit` milliseconds, then ends the threads. */
  async drain(limit: number): Promise<void> {
    this.#closing = true
    await Promise.all(
      this.#threads.map(async thread => {
        if (thread.live) {
          const drained = new Promise<void>(resolve => {
            thread.worker.on('message', (message: FromThread) => message.type === 'drained' && resolve())
            thread.worker.once('exit', () => resolve())
          })
          tell(thread, { type: 'drain', limit })
          await Promise.race([drained, later(limit + 2_000)])
        }
        await thread.worker.terminate()
      }),
    )
  }

  #spawn(index: number): Thread {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: `data-plane-${index}`,
      workerData: { ...this.#options.settings, index } satisfies ThreadSettings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION },
      stdout: false,
      stderr: false,
    })
    const thread: Thread = {
      index,
      worker,
      live: false,
      startedAt: performance.now(),
      revision: -1,
      waiting: new Map(),
    }
    let failure = 'it exited'
    worker.on('message', (message: FromThread) => this.#receive(thread, message))
    worker.on(
      'error',
      error => (failure = error instanceof Error ? (error.stack ?? error.message) : String(error)),
    )
    worker.on('exit', () => this.#died(thread, failure))
    return thread
  }

  #receive(thread: Thread, message: FromThread): void {
    switch (message.type) {
      case 'started':
        // What was rejected is told to whoever starts the threads.
        this.#options.listed.then(
          () => this.#join(thread),
          () => {},
        )
        return
      case 'applied': {
        const { acknowledgement } = message
        thread.revision = acknowledgement.revision
        thread.waiting.get(acknowledgement.revision)?.(acknowledgement)
        thread.waiting.delete(acknowledgement.revision)
        return
      }
      case 'inspected': {
        const { revision, faults, inspected } = message
        const nothing: Delta = { revision, full: false, writes: [], removals: [] }
        this.#options.onAcknowledged(nothing, { revision, faults, recompiled: inspected })
        return
      }
      case 'explained':
        this.#answered(message.id, message.report)
        return
      case 'tried':
        this.#answered(message.id, message.faults)
        return
      case 'password':
        void this.#options
          .onPassword(message.question)
          .then(answer => tell(thread, { type: 'password-answer', id: message.id, answer }))
        return
      case 'session-used':
        this.#options.onSessionUsed(message.id)
        return
      case 'fetch-text': {
        const { kind, id, turn } = message
        void this.#options.onFetch(kind, id).then(() => {
          // Its place may be another's already.
          if (this.#threads[thread.index] === thread)
            TextDesk.answer(this.#options.settings.textDesk, thread.index, turn)
        })
        return
      }
      case 'store-apikey':
        void this.#options
          .onApikey(message.key)
          .then(fault => tell(thread, { type: 'apikey-stored', id: message.id, fault }))
        return
      case 'board-write': {
        const { id, key, value, ttl } = message
        void this.#options
          .onBoard(key, value, ttl)
          .then(fault => tell(thread, { type: 'board-written', id, fault }))
        return
      }
      case 'flow':
        this.#options.onFlow(message.report)
        return
      case 'plugins-loaded':
        if (thread.index === 0) this.#options.onPlugins(message.failures, message.listings)
        return
      case 'count': {
        const name = nameOf(message.subject)
        void this.#options
          .count(message.subject)
          .then(reached => tell(thread, { type: 'counted', name, reached }))
        return
      }
      case 'log':
        this.#options.log(message.level, message.message)
    }
  }

  /** Plugins first, then everything as of now; from this turn on the thread gets every delta. */
  #join(thread: Thread): void {
    if (this.#plugins !== null && this.#plugins.length > 0)
      tell(thread, { type: 'plugins', files: this.#plugins })
    if (this.#tryIts.length > 0) tell(thread, { type: 'try-its', ids: this.#tryIts })
    if (this.#rotations.size > 0) tell(thread, { type: 'rotations', times: this.#rotations })
    const board = this.#options.board()
    if (board.length > 0) tell(thread, { type: 'board', entries: board })
    if (this.#snowMonkey !== null) tell(thread, { type: 'snow-monkey', state: this.#snowMonkey })
    this.#connectEvents(thread)
    if (this.#exporters.length > 0) tell(thread, { type: 'exporters', exporters: this.#exporters })
    const delta = this.#options.fullDelta()
    thread.live = true
    void this.#send(thread, delta).then(acknowledgement => {
      if (acknowledgement !== null) this.#options.onAcknowledged(delta, acknowledgement)
    })
  }

  #connectEvents(thread: Thread): void {
    const port = this.#options.openEventPort()
    if (port !== null) thread.worker.postMessage({ type: 'events', port } satisfies ToThread, [port])
  }

  #send(thread: Thread, delta: Delta): Promise<Acknowledgement | null> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        thread.waiting.delete(delta.revision)
        this.#options.log('warn', `thread ${thread.index} has not served revision ${delta.revision} in time`)
        resolve(null)
      }, PATIENCE)
      thread.waiting.set(delta.revision, acknowledgement => {
        clearTimeout(timer)
        resolve(acknowledgement)
      })
      tell(thread, { type: 'delta', delta })
    })
  }

  async #serving(thread: Thread): Promise<void> {
    while (thread.revision < 0) {
      await new Promise<void>((resolve, reject) => {
        thread.worker.once('message', () => resolve())
        thread.worker.once('exit', () => reject(new Error(`data-plane thread ${thread.index} did not start`)))
      })
    }
  }

  #listen(thread: Thread, listener: ListenerSettings): Promise<number> {
    return new Promise((resolve, reject) => {
      const hear = (message: FromThread): void => {
        if (message.type === 'listening' && message.id === listener.id) {
          thread.worker.off('message', hear)
          resolve(message.port)
        } else if (message.type === 'listen-failed' && message.id === listener.id) {
          thread.worker.off('message', hear)
          reject(new ListenFailed(listener.id, message.message))
        }
      }
      thread.worker.on('message', hear)
      tell(thread, { type: 'listen', listener })
    })
  }

  #died(thread: Thread, failure: string): void {
    thread.live = false
    for (const done of thread.waiting.values()) done(null)
    thread.waiting.clear()
    if (this.#closing) return
    const { index } = thread
    InFlight.reset(this.#options.settings.inFlight, index)
    this.#options.onDied(index)
    if (performance.now() - thread.startedAt > 60_000) this.#restarts[index] = 0
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#restarts[index]!)
    this.#restarts[index]!++
    this.#options.log('error', `data-plane thread ${index} died and is replaced in ${delay} ms: ${failure}`)
    setTimeout(() => this.#replace(index), delay)
  }

  #replace(index: number): void {
    if (this.#closing) return
    const thread = this.#spawn(index)
    this.#threads[index] = thread
    this.#serving(thread)
      .then(async () => {
        for (const listener of this.#listeners.values()) await this.#listen(thread, listener)
        this.#options.log('info', `data-plane thread ${index} serves again`)
      })
      .catch(error => this.#options.log('error', `data-plane thread ${index}: ${String(error)}`))
  }

  #tellAll(message: ToThread): void {
    for (const thread of this.#threads) if (thread.live) tell(thread, message)
  }
}

function tell(thread: Thread, message: ToThread): void {
  thread.worker.postMessage(message)
}

function later(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
