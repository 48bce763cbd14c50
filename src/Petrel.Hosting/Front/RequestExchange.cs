using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Petrel.Model.Api;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Petrel.Hosting.Front;

/// <summary>One request over HTTP: reads its body on demand, and keeps what its handler holds until the response is sent.</summary>
internal sealed class RequestExchange(HttpContext context, FrontOptions options, ConnectionTable connections) : IApiExchange, IDisposable
{
    private List<IDisposable>? _held;

    /// <summary>When the response is to be cut off.</summary>
    public CancellationToken Limit { get; private set; }

    /// <inheritdoc/>
    public long? BodyLength =>
        context.Request.ContentLength is { } length ? length
        : context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == false ? 0
        : null;

    /// <inheritdoc/>
    public ApiResponse? Identify(UserInfo user) =>
        connections.Identify(context, user) ? null : FrontErrors.TooManyRequests("too many connections of this user, please close some");

    /// <inheritdoc/>
    public async ValueTask<RequestBody> ReadBodyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return new(await ReadAsync(cancellationToken));
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return new(default, FrontErrors.RequestEntityTooLarge(options.MaxBodyBytes));
        }
        catch (BadHttpRequestException e)
        {
            return new(default, FrontErrors.BadRequest(e.Message));
        }
    }

    /// <inheritdoc/>
    public void HoldUntilSent(IDisposable held, CancellationToken limit)
    {
        (_held ??= []).Add(held);
        Limit = limit;
    }

    /// <summary>Whether somebody waits for the response to be sent.</summary>
    public bool IsHeld => _held is not null;

    /// <inheritdoc/>
    public void Dispose() => _held?.ForEach(static held => held.Dispose());

    private async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        var request = context.Request;
        var announced = BodyLength;
        if (announced == 0)
        {
            return default;
        }
        if (announced is { } length && length <= int.MaxValue)
        {
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize < length)
            {
                throw new BadHttpRequestException("too large", StatusCodes.Status413PayloadTooLarge);
            }
            var exact = GC.AllocateUninitializedArray<byte>((int)length);
            await request.Body.ReadExactlyAsync(exact, cancellationToken);
            return exact;
        }
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }
}
