using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>The webhooks of all configurations of one kind, by the configurations' names; parsed again only after a change.</summary>
internal sealed class WebhookSource(KindRegistry kinds, CacheHub caches, string plural)
{
    private readonly KindDefinition? _kind = kinds.Find("admissionregistration.k8s.io", "v1", plural);
    private readonly Lock _gate = new();
    private ImmutableSortedSet<CachedPath>? _read;
    private IReadOnlyList<Webhook> _hooks = [];

    public IReadOnlyList<Webhook> Current
    {
        get
        {
            if (_kind is null)
            {
                return [];
            }
            var configurations = caches.Of(_kind).Current.Objects;
            lock (_gate)
            {
                if (!ReferenceEquals(_read, configurations))
                {
                    _hooks = [.. configurations.SelectMany(Hooks)];
                    _read = configurations;
                }
                return _hooks;
            }
        }
    }

    private static IEnumerable<Webhook> Hooks(CachedPath configuration) =>
        DeepJson
            .Node(configuration.Object!.ToArray())
            .Objects("webhooks")
            .Select((hook, index) => Webhook.Read(configuration.Path, index, hook));
}
