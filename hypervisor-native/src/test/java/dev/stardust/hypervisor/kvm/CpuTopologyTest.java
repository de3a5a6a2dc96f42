package dev.stardust.hypervisor.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Lists are those of an Intel and an AMD server, cut to the leaves that matter here. */
class CpuTopologyTest {
    private static final int HTT = 1 << 28;

    private static CpuidLeaf indexed(int function, int index, int eax, int ebx, int ecx, int edx) {
        return new CpuidLeaf(function, index, CpuidLeaf.INDEXED, eax, ebx, ecx, edx);
    }

    private static final Cpuid INTEL = new Cpuid(List.of(
            CpuidLeaf.of(0, 0x1f, 0x756e_6547, 0x6c65_746e, 0x4965_6e69),
            CpuidLeaf.of(1, 0x606a6, 0x0740_0800, 0x7ffa_fbff, 0xbfeb_fbff),
            indexed(4, 0, 0x7c00_4121, 0x2c0_003f, 0x3f, 0),
            indexed(4, 2, 0x7c00_4143, 0x4c0_003f, 0x3ff, 0),
            indexed(4, 3, 0x7c0f_c163, 0x3c0_003f, 0xffff, 0),
            indexed(4, 4, 0, 0, 0, 0),
            indexed(0xb, 0, 1, 2, 0x100, 7),
            indexed(0xb, 1, 6, 64, 0x201, 7),
            indexed(0x1f, 0, 1, 2, 0x100, 7),
            CpuidLeaf.of(0x8000_0001, 0, 0, 0x121, 0x2c10_0800),
            CpuidLeaf.of(0x8000_0008, 0x302e, 0, 0, 0)));

    private static final Cpuid AMD = new Cpuid(List.of(
            CpuidLeaf.of(0, 0x10, 0x6874_7541, 0x444d_4163, 0x6974_6e65),
            CpuidLeaf.of(1, 0x830f10, 0x0540_0800, 0x76f8_320b, 0x078b_fbff),
            indexed(0xb, 0, 0, 0, 0, 0),
            CpuidLeaf.of(0x8000_0001, 0x830f10, 0x4000_0000, 0x0000_0121, 0x2fd3_fbff),
            CpuidLeaf.of(0x8000_0008, 0x3030, 0x1000, 0x6_703f, 7),
            indexed(0x8000_001d, 0, 0x0000_4121, 0x1c0_003f, 0x3f, 0),
            indexed(0x8000_001d, 3, 0x0001_c163, 0x3c0_003f, 0x3fff, 1),
            CpuidLeaf.of(0x8000_001e, 5, 0x102, 0x301, 0)));

    @Test
    void intelVcpusAreCoresOfOnePackage() {
        Cpuid third = INTEL.forVcpu(2, 6);
        assertEquals(0x0206_0800, third.leaf(1, 0).ebx());
        assertEquals(HTT, third.leaf(1, 0).edx() & HTT);
        assertEquals(0x1400_0121, third.leaf(4, 0).eax()); // 6 cores, this cache is one's own
        assertEquals(0x1400_0143, third.leaf(4, 2).eax());
        assertEquals(0x1401_4163, third.leaf(4, 3).eax()); // shared by 6
        assertEquals(0, third.leaf(4, 4).eax());
        assertEquals(indexed(0xb, 0, 0, 1, 0x100, 2), third.leaf(0xb, 0));
        assertEquals(indexed(0xb, 1, 3, 6, 0x201, 2), third.leaf(0xb, 1)); // 3 bits of the id
        assertNull(third.leaf(0x1f, 0));
        assertEquals(INTEL.leaf(0x8000_0001, 0), third.leaf(0x8000_0001, 0));
        assertEquals(INTEL.leaf(0x8000_0008, 0), third.leaf(0x8000_0008, 0));
    }

    @Test
    void amdVcpusAreCoresOfOneNode() {
        Cpuid fourth = AMD.forVcpu(3, 4);
        assertEquals(0x0304_0800, fourth.leaf(1, 0).ebx());
        assertEquals(HTT, fourth.leaf(1, 0).edx() & HTT);
        assertEquals(0x123, fourth.leaf(0x8000_0001, 0).ecx());
        assertEquals(0x2003, fourth.leaf(0x8000_0008, 0).ecx()); // 4 cores, 2 bits of the id
        assertEquals(0x3030, fourth.leaf(0x8000_0008, 0).eax());
        assertEquals(0x0000_0121, fourth.leaf(0x8000_001d, 0).eax());
        assertEquals(0x0000_c163, fourth.leaf(0x8000_001d, 3).eax());
        assertEquals(CpuidLeaf.of(0x8000_001e, 3, 3, 0, 0), fourth.leaf(0x8000_001e, 0));
        assertEquals(indexed(0xb, 1, 2, 4, 0x201, 3), fourth.leaf(0xb, 1));
    }

    @Test
    void singleVcpuIsASingleProcessor() {
        for (Cpuid host : List.of(INTEL, AMD)) {
            Cpuid only = host.forVcpu(0, 1);
            assertEquals(0x0001_0800, only.leaf(1, 0).ebx());
            assertEquals(0, only.leaf(1, 0).edx() & HTT);
            assertEquals(indexed(0xb, 1, 0, 1, 0x201, 0), only.leaf(0xb, 1));
        }
        assertEquals(0x121, INTEL.forVcpu(0, 1).leaf(4, 0).eax());
        assertEquals(0, AMD.forVcpu(0, 1).leaf(0x8000_0008, 0).ecx());
        assertEquals(0x121, AMD.forVcpu(0, 1).leaf(0x8000_0001, 0).ecx());
    }

    @Test
    void everyVcpuIsToldOfTheHypervisor() {
        assertEquals(0xfffa_fbff, INTEL.forVcpu(1, 2).leaf(1, 0).ecx());
    }

    @Test
    void hostWithoutTopologyLeavesGetsNone() {
        Cpuid old = new Cpuid(List.of(CpuidLeaf.of(0, 0xa, 0x756e_6547, 0, 0), INTEL.leaf(1, 0)));
        assertNull(old.forVcpu(0, 2).leaf(0xb, 0));
    }

    @Test
    void listSurvivesTheKernelsStructure() {
        assertEquals(INTEL.leaves(), Cpuid.copyOf(INTEL.struct()).leaves());
    }
}
