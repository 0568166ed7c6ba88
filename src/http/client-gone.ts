/** The client closed its connection, or its stream, before its request body was complete: nobody waits for an answer. */
export class ClientGone extends Error {
  constructor(what: 'connection' | 'stream') {
    super(`the client closed the ${what}`)
    this.name = 'ClientGone'
  }
}
