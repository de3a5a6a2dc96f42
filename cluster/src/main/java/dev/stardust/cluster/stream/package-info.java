/**
 * Bulk bytes over Aeron: streams of checked frames between processes of the cluster, each opened by a handshake on
 * another channel (an actor message, a worker's socket). Knows nothing of actors, so that workers can use it.
 *
 * <pre>
 *   receiver's process                            sender's process
 *   session = transport.openReceiver().session()
 *            ---- session, by message ---->       sender = transport.openSender(session)
 *   receiver.poll(handler, n)   &lt;== frames ==      sender.send(...) ... sender.finish()
 *            ---- receipt, by message or by a stream of the other direction ---->
 * </pre>
 */
package dev.stardust.cluster.stream;
