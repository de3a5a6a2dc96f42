package dev.stardust.chaos.lab;

/** The boot loader on a case's CD. */
public enum CdLoader {
    ISOLINUX,
    GRUB
}
