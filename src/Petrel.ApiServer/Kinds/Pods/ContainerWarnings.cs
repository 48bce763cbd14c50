using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Warnings about a pod's containers (upstream: pkg/api/pod, warnings.go).</summary>
internal static class ContainerWarnings
{
    private const string Seccomp = "container.seccomp.security.alpha.kubernetes.io/";
    private const string AppArmor = "container.apparmor.security.beta.kubernetes.io/";

    /// <param name="spec">The pod's spec.</param>
    /// <param name="annotations">Of the pod.</param>
    /// <param name="path">Of the pod or template; empty for pods.</param>
    public static IEnumerable<string> Of(JsonObject spec, JsonObject? annotations, string path)
    {
        var containers = Containers(spec, $"{path}spec").ToList();
        var security = spec.Child("securityContext");
        foreach (var (container, at) in containers)
        {
            var (name, own) = (container.Text("name"), container.Child("securityContext"));
            if (!own.Has("seccompProfile") && annotations.Has(Seccomp + name))
            {
                yield return $"{path}metadata.annotations[{Seccomp}{name}]: non-functional in v1.27+; "
                    + "use the \"seccompProfile\" field instead";
            }
            if (!own.Has("appArmorProfile") && !security.Has("appArmorProfile") && annotations.Has(AppArmor + name))
            {
                yield return $"{path}metadata.annotations[{AppArmor}{name}]: deprecated since v1.30; "
                    + "use the \"appArmorProfile\" field instead";
            }
            foreach (var map in (string[])["limits", "requests"])
            {
                foreach (
                    var w in AmountWarnings.Fractions(container.Child("resources"), map, $"{at}.resources", "memory", "ephemeral-storage")
                )
                {
                    yield return w;
                }
            }
            foreach (var warning in Variables(container, at))
            {
                yield return warning;
            }
        }
        foreach (var warning in Ports(containers))
        {
            yield return warning;
        }
    }

    private static IEnumerable<(JsonObject Container, string Path)> Containers(JsonObject spec, string path) =>
        new[] { "initContainers", "containers", "ephemeralContainers" }.SelectMany(list => spec.Indexed(list, path));

    // A variable may extend an earlier one of its name. Anything else drops it, and apply merges by name.
    private static IEnumerable<string> Variables(JsonObject container, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (variable, at) in container.Indexed("env", path))
        {
            var (name, value) = (variable.Text("name"), variable.Text("value"));
            var reference = $"$({name})";
            if (
                !seen.Add(name) && (variable.Has("valueFrom") || value == reference || !value.Contains(reference, StringComparison.Ordinal))
            )
            {
                yield return $"{at}: hides previous definition of \"{name}\", which may be dropped when using apply";
            }
        }
    }

    private sealed record Port(string Path, long Number, string Protocol, string HostIp, long HostPort)
    {
        public static Port From(JsonObject port, string path) =>
            new(path, port.Number("containerPort") ?? 0, port.Text("protocol"), port.Text("hostIP"), port.Number("hostPort") ?? 0);
    }

    private static IEnumerable<string> Ports(IEnumerable<(JsonObject Container, string Path)> containers)
    {
        var earlier = new List<Port>();
        foreach (var (document, at) in containers.SelectMany(c => c.Container.Indexed("ports", c.Path)))
        {
            var port = Port.From(document, at);
            if (port is { HostIp.Length: > 0, HostPort: 0 })
            {
                yield return $"{at}: hostIP set without hostPort: {{Name:{document.Text("name")} HostPort:0 "
                    + $"ContainerPort:{port.Number} Protocol:{port.Protocol} HostIP:{port.HostIp}}}";
            }
            foreach (var other in earlier.Where(o => o.Number == port.Number && o.Protocol == port.Protocol))
            {
                if (Overlap(port, other) is { } what)
                {
                    yield return $"{at}: {what} port definition with {other.Path}";
                }
            }
            earlier.Add(port);
        }
    }

    private static string? Overlap(Port port, Port other) =>
        port.HostIp == other.HostIp && port.HostPort == other.HostPort ? "duplicate"
        : port.HostPort == 0 || other.HostPort == 0 ? "overlapping"
        : port.HostPort == other.HostPort && (port.HostIp.Length == 0) != (other.HostIp.Length == 0) ? "dangerously ambiguous"
        : null;
}
