"""What the end-to-end tests share: started programs, certificates, servers, raw bytes."""
