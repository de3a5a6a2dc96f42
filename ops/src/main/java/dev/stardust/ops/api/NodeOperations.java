package dev.stardust.ops.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.vm.actor.CopyOrder;
import dev.stardust.vm.actor.CopyStep;
import dev.stardust.vm.actor.GuestInput;
import dev.stardust.vm.actor.GuestOrder;
import java.util.concurrent.CompletionStage;

/** What a node does for those who ask it over HTTP. Failures are {@code ClusterException}s whose text the user reads. */
public interface NodeOperations {
    /** This node: id, name, state ({@code standby} or {@code member}), address. */
    JsonNode node();

    /** Makes a cluster of this node alone. */
    CompletionStage<JsonNode> init();

    /** Joins the cluster of {@code member} (host:port of its API). */
    CompletionStage<JsonNode> join(String member);

    /** Takes a new node into the cluster; asked by the node itself. */
    CompletionStage<JsonNode> admit(JsonNode newcomer);

    /** Leader, hosts, ring, totals. */
    CompletionStage<JsonNode> cluster();

    /** The hosts. */
    CompletionStage<JsonNode> hosts();

    /** The images. */
    CompletionStage<JsonNode> images();

    /** Imports an image from a file or folder that this node can read. */
    CompletionStage<JsonNode> importImage(ImageRequest image, Job job);

    /** The kernels that images start with. */
    CompletionStage<JsonNode> kernels();

    /** Imports a kernel from a file that this node can read. */
    CompletionStage<JsonNode> importKernel(KernelRequest kernel, Job job);

    /** Makes a kernel the one of images that name none. */
    CompletionStage<JsonNode> setDefaultKernel(String name);

    /** Removes a kernel that no image names; the default one too if {@code force}. */
    CompletionStage<JsonNode> removeKernel(String name, boolean force);

    /** The named volumes, each with the VMs that have it. */
    CompletionStage<JsonNode> volumes();

    /** Makes a named volume; its disk is made when a VM uses it first. */
    CompletionStage<JsonNode> createVolume(VolumeRequest volume);

    /** Removes a named volume that no VM has, with all in it. */
    CompletionStage<JsonNode> removeVolume(String name);

    /** The bases. */
    CompletionStage<JsonNode> bases();

    /** Keeps a VM's memory, devices and disks as a base once it has printed the line {@code when}. */
    CompletionStage<JsonNode> saveBase(String base, String vm, String when);

    /** Checks a deployment against the cluster. */
    CompletionStage<JsonNode> validate(String fileName, String text);

    /** Deploys. */
    CompletionStage<JsonNode> deploy(String fileName, String text);

    /** Starts one VM. */
    CompletionStage<JsonNode> run(JsonNode vm);

    /** All VMs. */
    CompletionStage<JsonNode> vms();

    /** One VM. */
    CompletionStage<JsonNode> vm(String name);

    /** Faults and figures of each device of a VM that runs. */
    CompletionStage<JsonNode> devices(String vm);

    /** A part of a VM's serial output from a byte offset. */
    CompletionStage<JsonNode> log(String vm, long offset);

    /** Types at a VM's console and tells what the guest printed since the session's last call. */
    CompletionStage<JsonNode> console(String vm, ConsoleInput input);

    /** Begins a command in a VM's guest, under a session that the caller names, or looks on at the one that the VM is there for. */
    CompletionStage<JsonNode> beginInGuest(String vm, String session, GuestOrder order);

    /** Does something to that command. */
    CompletionStage<JsonNode> putToGuest(String vm, String session, GuestInput input);

    /** What that command wrote; waits for a second if that is nothing. */
    CompletionStage<JsonNode> fetchFromGuest(String vm, String session);

    /** Begins to copy a file to or from a VM's guest. */
    CompletionStage<JsonNode> beginCopy(String vm, String copy, CopyOrder order);

    /** Goes on with that. */
    CompletionStage<JsonNode> copy(String vm, String copy, CopyStep step);

    /** Asks the agent in a VM's guest to shut it down. */
    CompletionStage<JsonNode> shutDown(String vm);

    /** Ends a VM. */
    CompletionStage<JsonNode> stop(String vm);

    /** Asks a VM's guest to shut down. */
    CompletionStage<JsonNode> pressPowerButton(String vm);

    /** Asks a VM's guest to give so much memory up in all. */
    CompletionStage<JsonNode> setBalloon(String vm, String target);

    /** Starts a stopped VM. */
    CompletionStage<JsonNode> start(String vm);

    /** Removes a VM. */
    CompletionStage<JsonNode> remove(String vm, boolean force);

    /** Moves a VM while it runs. */
    CompletionStage<JsonNode> migrate(String vm, String toHost, Job job);
}
