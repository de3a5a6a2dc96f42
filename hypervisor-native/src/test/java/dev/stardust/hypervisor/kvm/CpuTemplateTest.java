package dev.stardust.hypervisor.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CpuTemplateTest {
    private static CpuidLeaf indexed(int function, int index, int eax, int ebx, int ecx, int edx) {
        return new CpuidLeaf(function, index, CpuidLeaf.INDEXED, eax, ebx, ecx, edx);
    }

    /** An Ice Lake server under KVM: AVX-512, AES, PKU, mitigations, PMU. */
    private static final Cpuid ICE_LAKE = new Cpuid(List.of(
            CpuidLeaf.of(0, 0x1b, 0x756e_6547, 0x6c65_746e, 0x4965_6e69),
            CpuidLeaf.of(1, 0x606a6, 0x800, 0xfffa_3223, 0x1f8b_fbff),
            CpuidLeaf.of(6, 0x77, 2, 9, 0),
            indexed(7, 0, 2, 0xf1bf_2fbb, 0x5eda_1f46, 0xac00_0410),
            indexed(7, 1, 0x20, 0, 0, 0),
            CpuidLeaf.of(0xa, 0x0830_0805, 0, 0, 0x8603),
            indexed(0xd, 0, 0x2e7, 0xa88, 0xa88, 0),
            indexed(0xd, 1, 0xf, 0x9c8, 0, 0),
            indexed(0xd, 2, 0x100, 0x240, 0, 0),
            indexed(0xd, 5, 0x40, 0x440, 0, 0),
            indexed(0x14, 0, 1, 0xf, 7, 0),
            CpuidLeaf.of(0x4000_0000, 0x4000_0001, 0x4b4d_564b, 0x564b_4d56, 0x4d),
            CpuidLeaf.of(0x4000_0001, 0x0100_7efb, 0, 0, 0),
            CpuidLeaf.of(0x8000_0000, 0x8000_0008, 0, 0, 0),
            CpuidLeaf.of(0x8000_0001, 0, 0, 0x121, 0x2c10_0800),
            CpuidLeaf.of(0x8000_0007, 0, 0, 0, 0x100),
            CpuidLeaf.of(0x8000_0008, 0x392e, 0x0100_d200, 0, 0)));

    /** A Nehalem: level 2, no more. */
    private static final Cpuid NEHALEM = new Cpuid(List.of(
            CpuidLeaf.of(0, 0xb, 0x756e_6547, 0x6c65_746e, 0x4965_6e69),
            CpuidLeaf.of(1, 0x106a5, 0x800, 0x81b8_2201, 0x078b_fbff),
            CpuidLeaf.of(6, 4, 0, 0, 0),
            CpuidLeaf.of(0x4000_0001, 0x0100_7efb, 0, 0, 0),
            CpuidLeaf.of(0x8000_0001, 0, 0, 1, 0x2010_0800),
            CpuidLeaf.of(0x8000_0007, 0, 0, 0, 0x100),
            CpuidLeaf.of(0x8000_0008, 0x3028, 0, 0, 0)));

    @Test
    void hostIsTheHost() {
        assertSame(ICE_LAKE, CpuTemplate.HOST.applyTo(ICE_LAKE));
    }

    @Test
    void level3HasItsFeaturesAndNoOthers() {
        Cpuid guest = CpuTemplate.X86_64_V3.applyTo(ICE_LAKE);
        // SSE3, SSSE3, FMA, CX16, SSE4.1, SSE4.2, x2APIC, MOVBE, POPCNT, TSC deadline, XSAVE, AVX, F16C, hypervisor
        assertEquals(0xb5f8_3201, guest.leaf(1, 0).ecx());
        assertEquals(0x178b_fbff, guest.leaf(1, 0).edx());
        assertEquals(indexed(7, 0, 0, 0x128, 0, 0), guest.leaf(7, 0));
        assertEquals(indexed(7, 1, 0, 0, 0, 0), guest.leaf(7, 1));
        assertEquals(CpuidLeaf.of(0xa, 0, 0, 0, 0), guest.leaf(0xa, 0));
        assertEquals(indexed(0xd, 0, 7, 832, 832, 0), guest.leaf(0xd, 0));
        assertEquals(indexed(0xd, 1, 0, 0, 0, 0), guest.leaf(0xd, 1));
        assertEquals(ICE_LAKE.leaf(0xd, 2), guest.leaf(0xd, 2));
        assertEquals(indexed(0xd, 5, 0, 0, 0, 0), guest.leaf(0xd, 5));
        assertEquals(indexed(0x14, 0, 0, 0, 0, 0), guest.leaf(0x14, 0));
        assertEquals(ICE_LAKE.leaf(0x4000_0001, 0), guest.leaf(0x4000_0001, 0));
        assertEquals(CpuidLeaf.of(0x8000_0001, 0, 0, 0x21, 0x2010_0800), guest.leaf(0x8000_0001, 0));
        assertEquals(0, guest.leaf(0x8000_0007, 0).edx());
        assertEquals(CpuidLeaf.of(0x8000_0008, 0x3028, 0, 0, 0), guest.leaf(0x8000_0008, 0));
        assertEquals(CpuidLeaf.of(6, 4, 0, 0, 0), guest.leaf(6, 0));
    }

    @Test
    void level2HasNoExtendedState() {
        Cpuid guest = CpuTemplate.X86_64_V2.applyTo(ICE_LAKE);
        assertEquals(0x81b8_2201, guest.leaf(1, 0).ecx());
        assertEquals(indexed(7, 0, 0, 0, 0, 0), guest.leaf(7, 0));
        for (int index : new int[] {0, 1, 2, 5}) {
            assertEquals(indexed(0xd, index, 0, 0, 0, 0), guest.leaf(0xd, index));
        }
        assertEquals(1, guest.leaf(0x8000_0001, 0).ecx());
    }

    @Test
    void guestOfALevelMovesToOlderCpusThatHaveIt() {
        assertTrue(ICE_LAKE.missingOn(NEHALEM).contains("BASIC_ECX"));
        assertNull(CpuTemplate.X86_64_V2.applyTo(ICE_LAKE).forVcpu(0, 2).missingOn(NEHALEM));
    }

    @Test
    void hostBelowTheLevelIsRefusedWithWhatItLacks() {
        assertEquals(
                0x81b8_2201, CpuTemplate.X86_64_V2.applyTo(NEHALEM).leaf(1, 0).ecx());
        String text = assertThrows(KvmException.class, () -> CpuTemplate.X86_64_V3.applyTo(NEHALEM))
                .getMessage();
        assertTrue(text.contains("X86_64_V3") && text.contains("leaf 0x1 (BASIC_ECX), bits 0x34401000"), text);
    }

    /** A feature of the level that the host lacks: function, register, bits. */
    @ParameterizedTest
    @CsvSource({
        "0x1, 2, 0x10000000, BASIC_ECX",
        "0x1, 3, 0x4000000, BASIC_EDX",
        "0x7, 1, 0x20, EXTENDED_EBX",
        "0xd, 0, 4, XSAVE_EAX",
        "0x80000001, 2, 0x20, AMD_ECX",
        "0x80000001, 3, 0x800, AMD_EDX",
    })
    void eachMissingFeatureIsRefused(String function, int register, String bits, String told) {
        int leaf = (int) (long) Long.decode(function);
        int[] masks = {-1, -1, -1, -1};
        masks[register] = ~Integer.decode(bits);
        Cpuid poorer = ICE_LAKE.map(l -> l.function() == leaf ? l.masked(masks[0], masks[1], masks[2], masks[3]) : l);
        String text = assertThrows(KvmException.class, () -> CpuTemplate.X86_64_V3.applyTo(poorer))
                .getMessage();
        assertTrue(text.contains(told), text);
    }

    @ParameterizedTest
    @EnumSource
    void templateOfATemplateIsItself(CpuTemplate template) {
        Cpuid once = template.applyTo(ICE_LAKE);
        assertEquals(once.leaves(), template.applyTo(once).leaves());
    }
}
