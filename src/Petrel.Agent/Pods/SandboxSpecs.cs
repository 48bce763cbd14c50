using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Sources;
using Petrel.Network.Pods;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>Converts a pod's spec to the runtime's spec of its sandbox. Pure functions.</summary>
internal static class SandboxSpecs
{
    private const int MaxHostname = 63;
    private const int MaxKernelHostname = 64;

    /// <summary>Builds the spec of a sandbox.</summary>
    /// <exception cref="PodSourceException">The pod's name in the domain is too long for a hostname.</exception>
    public static SandboxSpec Create(V1Pod pod, AgentSettings settings, int attempt)
    {
        var (hostname, fullName, shortName) = NamesOf(pod, settings.ClusterDomain);
        return new()
        {
            PodNamespace = pod.Metadata.NamespaceProperty,
            PodName = pod.Metadata.Name,
            PodUid = pod.Metadata.Uid,
            Attempt = attempt,
            Hostname = hostname,
            FullName = fullName,
            ShortName = shortName,
            HostNetwork = pod.Spec.HostNetwork == true,
            HostPid = pod.Spec.HostPID == true,
            HostIpc = pod.Spec.HostIPC == true,
            HostEntries = [.. (pod.Spec.HostAliases ?? []).Select(a => new HostEntry(a.Ip, [.. a.Hostnames ?? []]))],
            Resolver = PodResolver.Create(pod, settings),
            Limits = ContainerSpecs.PodLimits(pod, settings.PodPidsLimit),
            HostPorts =
            [
                .. from container in pod.Spec.Containers.Concat((pod.Spec.InitContainers ?? []).Where(PodStates.IsSidecar))
                from port in container.Ports ?? []
                where port.HostPort is > 0 && pod.Spec.HostNetwork != true
                select new PortMapping(port.HostPort!.Value, port.ContainerPort, port.Protocol ?? "TCP", port.HostIP ?? ""),
            ],
        };
    }

    // The hostname, the fully qualified name of a pod with a subdomain, and its name without the domain (upstream:
    // GeneratePodHostNameAndDomain and GetNodenameForKernel).
    private static (string Hostname, string FullName, string ShortName) NamesOf(V1Pod pod, string clusterDomain)
    {
        if (pod.Spec.HostnameOverride is { Length: > 0 } chosen)
        {
            return (chosen, "", chosen);
        }
        var hostname = pod.Spec.Hostname is { Length: > 0 } own ? own : Truncate(pod.Metadata.Name);
        if (pod.Spec.Subdomain is not { Length: > 0 } subdomain)
        {
            return (hostname, "", hostname);
        }
        var fullName = $"{hostname}.{subdomain}.{pod.Metadata.NamespaceProperty}.svc.{clusterDomain}";
        if (pod.Spec.SetHostnameAsFQDN != true)
        {
            return (hostname, fullName, hostname);
        }
        return fullName.Length <= MaxKernelHostname
            ? (fullName, fullName, hostname)
            : throw new PodSourceException(
                "FailedCreatePodSandBox",
                $"failed to construct FQDN from Pod hostname and cluster domain, FQDN {fullName} is too long "
                    + $"({MaxKernelHostname} characters is the max, {fullName.Length} characters requested)"
            );
    }

    private static string Truncate(string name) => name.Length <= MaxHostname ? name : name[..MaxHostname].TrimEnd('-', '.');
}
