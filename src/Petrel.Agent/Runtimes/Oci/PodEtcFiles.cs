using System.Text;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>The content of the files in <c>/etc</c> that the containers of a pod share. Pure functions.</summary>
internal static class PodEtcFiles
{
    /// <summary>The content of <c>/etc/hosts</c> (upstream: nodeHostsFileContent and managedHostsFileContent).</summary>
    /// <param name="spec">The pod's sandbox.</param>
    /// <param name="addresses">The pod's addresses.</param>
    /// <param name="ofNode">The node's own file, for a pod on the node's network.</param>
    public static string Hosts(SandboxSpec spec, IReadOnlyList<string> addresses, string? ofNode)
    {
        var text = new StringBuilder();
        if (spec.HostNetwork && ofNode is not null)
        {
            text.Append("# Kubernetes-managed hosts file (host network).\n").Append(ofNode);
        }
        else
        {
            text.Append(
                """
                # Kubernetes-managed hosts file.
                127.0.0.1	localhost
                ::1	localhost ip6-localhost ip6-loopback
                fe00::0	ip6-localnet
                fe00::0	ip6-mcastprefix
                fe00::1	ip6-allnodes
                fe00::2	ip6-allrouters

                """
            );
            var shortName = spec.ShortName.Length > 0 ? spec.ShortName : spec.Hostname;
            var names = spec.FullName.Length > 0 ? $"{spec.FullName}\t{shortName}" : shortName;
            foreach (var address in addresses)
            {
                text.Append(address).Append('\t').Append(names).Append('\n');
            }
        }
        if (spec.HostEntries.Count > 0)
        {
            text.Append("\n# Entries added by HostAliases.\n");
            foreach (var entry in spec.HostEntries)
            {
                text.Append(entry.Address).Append('\t').AppendJoin('\t', entry.Names).Append('\n');
            }
        }
        return text.ToString();
    }

    /// <summary>The content of <c>/etc/resolv.conf</c>.</summary>
    public static string Resolver(SandboxSpec spec, string ofNode) =>
        spec.Resolver switch
        {
            null => ofNode,
            { ExtendsNode: true } more => ResolverConfig.Parse(ofNode).With(more).Render(),
            var whole => whole.Render(),
        };
}
