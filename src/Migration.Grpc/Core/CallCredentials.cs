namespace Grpc.Core;

/// <summary>Adds what identifies the caller (a token, say) to the metadata of each call.</summary>
public sealed class CallCredentials
{
    private readonly AsyncAuthInterceptor[] _interceptors;

    private CallCredentials(AsyncAuthInterceptor[] interceptors) => _interceptors = interceptors;

    public static CallCredentials FromInterceptor(AsyncAuthInterceptor interceptor) => new([interceptor]);

    public static CallCredentials Compose(params CallCredentials[] credentials) => new([.. credentials.SelectMany(part => part._interceptors)]);

    internal async Task AddToAsync(AuthInterceptorContext context, Metadata metadata)
    {
        foreach (var interceptor in _interceptors)
        {
            await interceptor(context, metadata);
        }
    }
}
