using System.Text.Json;
using Petrel.Agent.Files;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>
/// The seccomp profiles of the node. A profile that a container names and the node does not have is an error: a container never runs with
/// fewer restrictions than it asked for.
/// </summary>
internal sealed class SeccompProfiles(OciRuntimeSettings settings)
{
    private const int MaxBytes = 1 << 20;

    private readonly Lock _lock = new();
    private SeccompProfile? _default;

    /// <summary>The profile of a container. Null for none: it is privileged or asks to be Unconfined.</summary>
    /// <exception cref="RuntimeException">The profile can't be read, or its type is unknown.</exception>
    public SeccompProfile? For(ContainerSecurity security) =>
        security.Privileged
            ? null
            : security.Seccomp.Type switch
            {
                SeccompSetting.Unconfined => null,
                SeccompSetting.RuntimeDefault => Default(),
                SeccompSetting.Localhost => Local(security.Seccomp.LocalhostProfile),
                var unknown => throw new RuntimeException("CreateContainerConfigError", $"unknown seccomp profile type \"{unknown}\""),
            };

    private SeccompProfile Default()
    {
        lock (_lock)
        {
            return _default ??= Read(
                settings.SeccompProfile,
                "the default profile is missing: install the package golang-github-containers-common (Debian, Ubuntu) or "
                    + "containers-common (Fedora)"
            );
        }
    }

    private SeccompProfile Local(string name) => Read(Path.Combine(settings.SeccompProfiles, name), "no such file on the node", name);

    private SeccompProfile Read(string path, string missing, string? localName = null)
    {
        try
        {
            var content = localName is null ? (File.Exists(path) ? File.ReadAllBytes(path) : null) : ReadLocal(localName);
            return content is null
                ? throw Refused(path, missing)
                : SeccompProfile.TryParse(content)
                    ?? throw Refused(path, "it is not a seccomp profile: defaultAction and syscalls are required");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Refused(path, e.Message);
        }
    }

    private byte[]? ReadLocal(string name)
    {
        if (name.Length == 0 || name.StartsWith('/') || name.Split('/').Contains(".."))
        {
            throw new IOException("localhostProfile must be a relative path without '..'");
        }
        if (!Directory.Exists(settings.SeccompProfiles))
        {
            return null;
        }
        using var directory = ConfinedDirectory.Open(settings.SeccompProfiles);
        return directory.TryRead(name, MaxBytes, Links.Beneath);
    }

    private static RuntimeException Refused(string path, string problem) =>
        new("CreateContainerError", $"cannot load seccomp profile \"{path}\": {problem}");
}
