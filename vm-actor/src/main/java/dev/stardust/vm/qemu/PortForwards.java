package dev.stardust.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.vm.network.PortForward;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ports of the host's loopback that lead to a guest. They are opened when it begins to run here: until then they may be held by
 * the machine that it comes from, on this very host.
 */
final class PortForwards {
    private static final Logger LOG = LoggerFactory.getLogger(PortForwards.class);
    private static final long TIMEOUT_MS = 10_000;
    private static final int TRIES = 300;
    private static final long TRY_MS = 100;

    private final QemuSpec spec;
    private final Monitor monitor;

    PortForwards(QemuSpec spec, Monitor monitor) {
        this.spec = spec;
        this.monitor = monitor;
    }

    /** Opens all; throws if one cannot be. */
    void openNow() {
        for (String rule : rules()) {
            String answer = add(rule);
            if (!answer.isEmpty()) {
                throw new MachineException(
                        "a port of this host cannot lead to the guest, is it in use? QEMU says: " + answer);
            }
        }
    }

    /** Opens each as soon as it can be, for half a minute. */
    void openWhenFree() {
        List<String> rules = rules();
        if (rules.isEmpty()) {
            return;
        }
        Thread thread =
                new Thread(() -> keepTrying(rules), "ports-" + spec.machine().name());
        thread.setDaemon(true);
        thread.start();
    }

    private void keepTrying(List<String> rules) {
        List<String> left = new ArrayList<>(rules);
        try {
            for (int i = 0; i < TRIES && !left.isEmpty(); i++) {
                left.removeIf(rule -> add(rule).isEmpty());
                if (!left.isEmpty()) {
                    Thread.sleep(TRY_MS);
                }
            }
            if (!left.isEmpty()) {
                LOG.warn(
                        "VM {}: ports of this host are in use and do not lead to it: {}",
                        spec.machine().name(),
                        left);
            }
        } catch (MachineException e) {
            LOG.debug("VM {} is gone before its ports were free", spec.machine().name());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<String> rules() {
        List<String> rules = new ArrayList<>();
        for (int i = 0; i < spec.nics().size(); i++) {
            for (PortForward port : spec.nics().get(i).ports()) {
                rules.add("net-" + i + " tcp:127.0.0.1:" + port.hostPort() + "-:" + port.guestPort());
            }
        }
        return rules;
    }

    /** What QEMU answers, nothing when all is well: there is no command of QMP for it. */
    private String add(String rule) {
        return monitor.execute(
                        "human-monitor-command",
                        JsonNodeFactory.instance.objectNode().put("command-line", "hostfwd_add " + rule),
                        TIMEOUT_MS)
                .asText()
                .strip();
    }
}
