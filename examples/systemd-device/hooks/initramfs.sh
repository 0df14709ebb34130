#!/bin/sh
# Its hook for ostree came with the files of the project.
exec update-initramfs -u
