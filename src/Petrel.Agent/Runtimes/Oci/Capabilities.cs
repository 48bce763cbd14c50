namespace Petrel.Agent.Runtimes.Oci;

/// <summary>Linux capabilities of containers.</summary>
internal static class Capabilities
{
    private static readonly string[] All =
    [
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "NET_RAW",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "MKNOD",
        "LEASE",
        "AUDIT_WRITE",
        "AUDIT_CONTROL",
        "SETFCAP",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
        "PERFMON",
        "BPF",
        "CHECKPOINT_RESTORE",
    ];

    // The default capabilities of containers in Docker and containerd.
    private static readonly string[] Default =
    [
        "CHOWN",
        "DAC_OVERRIDE",
        "FSETID",
        "FOWNER",
        "MKNOD",
        "NET_RAW",
        "SETGID",
        "SETUID",
        "SETFCAP",
        "SETPCAP",
        "NET_BIND_SERVICE",
        "SYS_CHROOT",
        "KILL",
        "AUDIT_WRITE",
    ];

    /// <summary>
    /// The capabilities of a container, limited to those that this node can grant (<paramref name="available"/>, a bit mask).
    /// </summary>
    /// <exception cref="RuntimeException">A requested capability does not exist.</exception>
    public static IReadOnlyList<string> For(ContainerSecurity security, ulong available)
    {
        var chosen = new HashSet<string>(security.Privileged ? All : Default);
        if (security.DropCapabilities.Any(IsAll))
        {
            chosen.Clear();
        }
        if (security.AddCapabilities.Any(IsAll))
        {
            chosen.UnionWith(All);
        }
        chosen.UnionWith(security.AddCapabilities.Where(c => !IsAll(c)).Select(Known));
        chosen.ExceptWith(security.DropCapabilities.Where(c => !IsAll(c)).Select(Known));
        return [.. All.Where((name, bit) => chosen.Contains(name) && (available >> bit & 1) == 1).Select(name => "CAP_" + name)];
    }

    /// <summary>The bounding set of this process, which limits the capabilities that it can grant.</summary>
    public static ulong Available()
    {
        const string field = "CapBnd:";
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return Convert.ToUInt64(line[field.Length..].Trim(), 16);
    }

    private static bool IsAll(string name) => name.Equals("ALL", StringComparison.OrdinalIgnoreCase);

    private static string Known(string name)
    {
        var upper = name.ToUpperInvariant();
        var plain = upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper[4..] : upper;
        return All.Contains(plain)
            ? plain
            : throw new RuntimeException("CreateContainerError", $"securityContext.capabilities: unknown capability '{name}'");
    }
}
