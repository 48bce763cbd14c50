using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>
/// Resolves the endpoint of a webhook. A Service is reached at one of its ready pods, because the server need not run on a node that
/// forwards cluster addresses.
/// </summary>
internal sealed class WebhookServices(KindRegistry kinds, CacheHub caches, IEntropy entropy)
{
    /// <exception cref="WebhookFailure">There is no such place.</exception>
    public WebhookEndpoint Resolve(Webhook hook)
    {
        var client = hook.Client;
        var timeout = string.Create(CultureInfo.InvariantCulture, $"timeout={(long)hook.Timeout.TotalSeconds}s");
        if (client.Service.Length == 0)
        {
            return
                Uri.TryCreate(
                    $"{client.Url}{(client.Url.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{timeout}",
                    UriKind.Absolute,
                    out var url
                )
                && url.Scheme == Uri.UriSchemeHttps
                ? new(url, "", 0, client.Authorities)
                : throw new WebhookFailure($"could not get REST client: invalid webhook URL \"{client.Url}\"");
        }
        var path = client.Path.StartsWith('/') ? client.Path : "/" + client.Path;
        var name = new Uri(
            string.Create(CultureInfo.InvariantCulture, $"https://{client.Service}.{client.Namespace}.svc:{client.Port}{path}?{timeout}")
        );
        var (host, port) = Backend(client);
        return new(name, host, port, client.Authorities);
    }

    private (string Host, int Port) Backend(WebhookClient client)
    {
        var path = $"{client.Namespace}/{client.Service}";
        var services = caches.Of(kinds.Find("", "v1", "services")!).Current;
        if (services.Find(path) is not { } found)
        {
            throw Unreachable($"service \"{client.Service}\" not found");
        }
        var spec = DeepJson.Node(found.ToArray()).Child("spec");
        if (spec.Text("type") == "ExternalName")
        {
            return (spec.Text("externalName"), client.Port);
        }
        var port = spec.Objects("ports").FirstOrDefault(p => p.Number("port") == client.Port)
            ?? throw Unreachable($"no service port {client.Port} found for service \"{client.Service}\"");
        var backends = Backends(client, port.Text("name"));
        if (backends.Count > 0)
        {
            return backends[entropy.Next(backends.Count)];
        }
        throw Unreachable($"no endpoints available for service \"{client.Service}\"");
    }

    // A slice's port matches the Service's port of the same name.
    private List<(string Host, int Port)> Backends(WebhookClient client, string portName)
    {
        var backends = new List<(string, int)>();
        var slices = caches.Of(kinds.Find("discovery.k8s.io", "v1", "endpointslices")!).Current;
        var (start, end) = slices.Range(client.Namespace + "/", null);
        foreach (
            var slice in slices.Between(start, end).Where(s => s.Labels.GetValueOrDefault("kubernetes.io/service-name") == client.Service)
        )
        {
            var document = DeepJson.Node(slice.ToArray())!.AsObject();
            if (document.Objects("ports").FirstOrDefault(p => p.Text("name") == portName)?.Number("port") is { } port)
            {
                backends.AddRange(
                    document
                        .Objects("endpoints")
                        .Where(e => e.Child("conditions").Flag("ready") != false)
                        .SelectMany(e => e.Texts("addresses"))
                        .Select(address => (address, (int)port))
                );
            }
        }
        return backends;
    }

    private static WebhookFailure Unreachable(string why) => new($"failed to call webhook: {why}");
}
