namespace Grpc.Core;

/// <summary>Adds entries to the metadata of a call that is about to be made.</summary>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);
