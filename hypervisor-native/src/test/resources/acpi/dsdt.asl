/* What the DSDT of AcpiTablesTest's machine must be. dsdt.aml beside it was made by "iasl -on -p dsdt dsdt.asl". */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "STRDST", "STARDUST", 1) {
  Scope (\_SB) {
    Device (COM1) {
      Name (_HID, EisaId ("PNP0501"))
      Name (_UID, 0)
      Name (_CRS, ResourceTemplate () {
        IO (Decode16, 0x3F8, 0x3F8, 1, 8)
        Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) {4}
      })
    }
    Device (PWRB) {
      Name (_HID, EisaId ("PNP0C0C"))
      Name (_UID, 0)
    }
    Device (GED) {
      Name (_HID, "ACPI0013")
      Name (_UID, 0)
      Name (_CRS, ResourceTemplate () {
        Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) {21}
      })
      OperationRegion (EREG, SystemIO, 0x603, 1)
      Field (EREG, ByteAcc, NoLock, Preserve) {
        EVNT, 8
      }
      Method (_EVT, 1, Serialized) {
        If (EVNT & 1) {
          Notify (\_SB.PWRB, 0x80)
        }
      }
    }
    Device (PEVT) {
      Name (_HID, "QEMU0001")
      Name (_UID, 0)
      Name (_CRS, ResourceTemplate () {
        IO (Decode16, 0x505, 0x505, 1, 1)
      })
    }
    Device (V000) {
      Name (_HID, "LNRO0005")
      Name (_UID, 0)
      Name (_CCA, 1)
      Name (_CRS, ResourceTemplate () {
        Memory32Fixed (ReadWrite, 0xD0000000, 0x1000)
        Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) {5}
      })
    }
    Device (V001) {
      Name (_HID, "LNRO0005")
      Name (_UID, 1)
      Name (_CCA, 1)
      Name (_CRS, ResourceTemplate () {
        Memory32Fixed (ReadWrite, 0xD0001000, 0x1000)
        Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) {6}
      })
    }
    Device (C000) {
      Name (_HID, "ACPI0007")
      Name (_UID, 0)
      Name (_STA, 0x0F)
    }
    Device (C001) {
      Name (_HID, "ACPI0007")
      Name (_UID, 1)
      Name (_STA, 0)
    }
  }
  Name (_S5, Package () {5, 0, 0, 0})
}
