using System.Text.Json;
using Petrel.Model.Api;

namespace Petrel.ApiServer.NodeConnections;

/// <summary>Reads where an agent listens from its Node's status.</summary>
internal static class NodeEndpoints
{
    public static NodeEndpoint Of(string name, JsonElement node)
    {
        var address = "";
        var port = 0;
        if (node.TryGetProperty("status", out var status))
        {
            if (status.TryGetProperty("addresses", out var addresses))
            {
                foreach (var item in addresses.EnumerateArray())
                {
                    if (item.GetProperty("type").GetString() == "InternalIP")
                    {
                        address = item.GetProperty("address").GetString() ?? "";
                        break;
                    }
                }
            }
            if (
                status.TryGetProperty("daemonEndpoints", out var endpoints)
                && endpoints.TryGetProperty("kubeletEndpoint", out var kubelet)
                && kubelet.TryGetProperty("Port", out var number)
            )
            {
                port = number.GetInt32();
            }
        }
        return new(name, address, port);
    }
}
