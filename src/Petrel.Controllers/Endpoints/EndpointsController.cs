using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>Keeps the v1 Endpoints of each Service with a selector (upstream: endpoints-controller).</summary>
public sealed class EndpointsController : IController
{
    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;
    private readonly ServiceEnqueuer _services;

    public EndpointsController(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "endpoint-controller", SyncAsync);
        _services = new(context.Caches);

        _loop.Watch(context.Caches.Services, _services.KeysOf);
        _loop.Watch(context.Caches.Pods, _services.KeysOf);
        _loop.Watch(context.Caches.Endpoints);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var cache = _context.Caches.Endpoints;
        var current = cache.Get(key);
        if (_context.Caches.Services.Get(key) is not { } service)
        {
            await RemoveAsync(key, current, cancellationToken);
            return null;
        }
        if (!EndpointSlicePlan.Manages(service) || service.Metadata.DeletionTimestamp is not null)
        {
            return null;
        }
        var desired = EndpointsPlan.Compute(service, _services.PodsOf(key), current);
        if (ReferenceEquals(desired, current))
        {
            return null;
        }
        try
        {
            var written = current is null
                ? await _context.Client.CreateAsync(desired, cancellationToken)
                : await _context.Client.UpdateAsync(desired, cancellationToken);
            await cache.WaitForWriteAsync(written, cancellationToken);
        }
        catch (ApiException e)
            when (e.StatusCode == 403 && _context.Caches.Namespaces.Get(new("", key.Namespace)) is { Metadata.DeletionTimestamp: not null })
        {
            // Nothing can be created in a namespace that is being deleted.
        }
        catch (ApiException e) when (!e.IsConflict && !e.IsNotFound && !e.IsAlreadyExists)
        {
            _loop.Events.Record(
                service,
                "Warning",
                current is null ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint",
                $"Failed to write endpoint {key}: {e.Status.Message}"
            );
            throw;
        }
        return null;
    }

    // Removes what this controller wrote for a Service that is gone. The cache of Services may lag: so the API is asked.
    private async ValueTask RemoveAsync(ObjectKey key, V1Endpoints? current, CancellationToken cancellationToken)
    {
        if (
            current?.Metadata.Labels?.ContainsKey(EndpointsPlan.ManagedBy) != true
            || await _context.Client.FindAsync<V1Service>(key, cancellationToken) is not null
        )
        {
            return;
        }
        await _context.Client.DeleteAsync<V1Endpoints>(
            key,
            new() { Preconditions = new() { Uid = current.Metadata.Uid } },
            cancellationToken
        );
        await _context.Caches.Endpoints.WaitForRemovalAsync(current, cancellationToken);
    }
}
