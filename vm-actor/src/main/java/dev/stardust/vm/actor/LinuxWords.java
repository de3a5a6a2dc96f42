package dev.stardust.vm.actor;

/** The command line of a Linux that is started from an image; the agent's own words are in docs/formats-agent.md. */
public final class LinuxWords {
    /** What a network that QEMU makes up gives to its guest. */
    static final String QEMU_ADDRESS = "10.0.2.15/24,10.0.2.2,10.0.2.3";

    /** The guest asks the network. */
    static final String DHCP = "dhcp";

    private static final String ADDRESS = "stardust.ip=";

    private LinuxWords() {}

    /**
     * The words for that VM.
     *
     * @param address the guest's address, gateway and name server on its first network, {@link #DHCP}, or null without one
     */
    public static String of(ResolvedSpec spec, String address) {
        LinuxBoot linux = spec.linux();
        String own = spec.boot().args();
        StringBuilder words = new StringBuilder("console=ttyS0 quiet loglevel=1 panic=-1");
        add(words, "stardust.host=", spec.name());
        if (linux.initrd() != null) {
            add(words, "rdinit=", "/stardust-agent");
            add(words, "root=", linux.root());
            add(words, "rootfstype=", linux.rootType());
            add(words, "ro", "");
        } else {
            add(words, "stardust.root=", linux.root());
            add(words, "stardust.rootfstype=", linux.rootType());
            add(words, "stardust.init=", linux.init());
            if (spec.disks().get(0).readOnly()) {
                add(words, "stardust.ro", "");
            }
            if (!spec.extras().volumes().isEmpty()) {
                add(words, "stardust.volumes", "");
            }
        }
        if (!own.contains(ADDRESS)) {
            add(words, ADDRESS, address);
        }
        // Later words count, and those of whoever runs the VM most.
        add(words, linux.args(), "");
        add(words, own, "");
        return words.toString();
    }

    private static void add(StringBuilder words, String word, String value) {
        if (word != null && value != null && !(word + value).isEmpty()) {
            words.append(' ').append(word).append(value);
        }
    }
}
