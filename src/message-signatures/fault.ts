/** Why a message cannot be signed or a signature not be verified. The message quotes no secrets. */
export class SignatureFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SignatureFault'
  }
}
