using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.ServiceAccounts;

/// <summary>
/// Creates the ServiceAccount <c>default</c> in each active namespace, for pods that name none (upstream: serviceaccounts controller).
/// </summary>
public sealed partial class ServiceAccountController : IController
{
    private const string Default = "default";

    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;

    public ServiceAccountController(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "serviceaccount-controller", SyncAsync, new() { Workers = 1 });

        _loop.WatchExisting(context.Caches.Namespaces);
        _loop.Watch(context.Caches.ServiceAccounts, change =>
            change is { New: null, Old.Metadata: { Name: Default } gone } ? [new("", gone.NamespaceProperty)] : []
        );
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (
            _context.Caches.Namespaces.Get(key) is not { Metadata.DeletionTimestamp: null }
            || _context.Caches.ServiceAccounts.Get(new(key.Name, Default)) is not null
        )
        {
            return null;
        }
        try
        {
            await _context.Client.CreateAsync(
                new V1ServiceAccount
                {
                    ApiVersion = "v1",
                    Kind = "ServiceAccount",
                    Metadata = new() { Name = Default, NamespaceProperty = key.Name },
                },
                cancellationToken
            );
            LogCreated(_loop.Logger, key);
        }
        catch (ApiException e) when (e.IsAlreadyExists || e.IsNotFound || e.StatusCode == 403)
        {
            // The ServiceAccount exists, or the namespace is being deleted. A watch will show it.
        }
        return null;
    }

    [LoggerMessage(EventId = 3155, Level = LogLevel.Debug, Message = "Created the default service account of namespace {Key}")]
    private static partial void LogCreated(ILogger logger, ObjectKey key);
}
