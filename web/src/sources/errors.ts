/** The server's words, as `GalleryError`. */

import { type ArgumentFault, GalleryError } from '../gallery'

/** JSON-RPC's code for parameters that the caller can correct. */
const INVALID_PARAMS = -32602

/** How a sentence about one argument begins. Several sentences are joined by `; `, which descriptions may contain too. */
const FAULT = /^(?:missing required argument|unknown argument|argument) `([^`]*)`/i
const NEXT_FAULT = /; (?=(?:missing required argument|unknown argument|argument) `)/i

/** The arguments that a message names, each with its own sentence. */
export function faultsOf(message: string): ArgumentFault[] {
  return message.split(NEXT_FAULT).flatMap(sentence => {
    const argument = FAULT.exec(sentence)?.[1]
    return argument === undefined ? [] : [{ argument, message: sentence }]
  })
}

/** The error of a call. Only what the caller can correct names arguments: a template's own error may quote such a sentence. */
export function callError(message: string, isInvalidParams: boolean): GalleryError {
  if (!isInvalidParams) {
    return new GalleryError(message, /^prompt `/.test(message) ? 'prompt' : 'server')
  }
  if (/^unknown prompt\b/i.test(message)) return new GalleryError(message, 'unknownPrompt')
  const faults = faultsOf(message)
  const first = faults[0]?.argument
  return first === undefined ? new GalleryError(message, 'server') : new GalleryError(message, 'argument', first, faults)
}

/** The error of a JSON-RPC answer. */
export function rpcError(code: number, message: string): GalleryError {
  return callError(message, code === INVALID_PARAMS)
}
